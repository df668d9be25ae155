import "./kill-at.js";
import { type Plan, train } from "./training.js";

await train(process.argv[2]!, JSON.parse(process.argv[3]!) as Plan);
