import type { SimulationOrder } from "./parallel.ts";
import { simulate } from "./simulate.ts";

// A process of the long simulation: it answers each order with what came of it, and ends with its parent.
process.on("message", (order: SimulationOrder) => {
  void simulate(order.base, order.seeds).then((totals) => process.send!(totals));
});
