import { leastScore, runMutation } from "./mutation/run-mutation.ts";

const { lines, survivors, score } = await runMutation();
for (const line of [...survivors, ...lines]) console.log(line);
console.log(`${score} % of the changes were noticed; at least ${leastScore} % must be`);
process.exitCode = score >= leastScore ? 0 : 1;
