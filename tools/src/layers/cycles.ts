import { type SourceFile, targetPaths } from "./module-graph.ts";

/** Finds each group of files that import one another in a circle and gives one circle per group, as paths in order. */
export function findCycles(files: readonly SourceFile[]): string[][] {
  const edges = new Map(files.map((file) => [file.path, file.imports.flatMap((use) => targetPaths(use.target))]));
  return stronglyConnected(edges).map((group) => shortestCircle(new Set(group), edges));
}

/** Tarjan's algorithm. Recursion is as deep as the longest import chain, which the stack holds easily. */
function stronglyConnected(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const groups: string[][] = [];
  const enter = (node: string): number => {
    const index = order.size;
    order.set(node, index);
    let low = index;
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!edges.has(next)) continue;
      if (!order.has(next)) low = Math.min(low, enter(next));
      else if (stack.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    lowest.set(node, low);
    if (low === index) {
      const group = stack.splice(stack.indexOf(node));
      if (group.length > 1 || (edges.get(node) ?? []).includes(node)) groups.push(group);
    }
    return low;
  };
  for (const node of edges.keys()) if (!order.has(node)) enter(node);
  return groups;
}

function shortestCircle(group: ReadonlySet<string>, edges: ReadonlyMap<string, readonly string[]>): string[] {
  const start = [...group].toSorted()[0];
  if (start === undefined) return [];
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const node of queue) {
    for (const next of edges.get(node) ?? []) {
      if (next === start) return pathTo(node, start, cameFrom);
      if (!group.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return [start];
}

function pathTo(end: string, start: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const path = [end];
  for (let node = end; node !== start; ) {
    node = cameFrom.get(node) ?? start;
    path.unshift(node);
  }
  return [...path, start];
}
