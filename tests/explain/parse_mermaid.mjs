// Parses flowcharts with Mermaid's own parser: files in the arguments, one JSON line each.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("<!doctype html><body></body>");
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import("mermaid");

for (const file of process.argv.slice(2)) {
  const text = readFileSync(file, "utf8");
  await mermaid.parse(text);
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  const count = { nodes: db.getVertices().size, edges: db.getEdges().length };
  console.log(JSON.stringify({ ...count, boxes: db.getSubGraphs().length }));
}
