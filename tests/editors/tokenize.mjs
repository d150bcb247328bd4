// Tokenises files with VS Code's own engine, as VS Code would with the extension installed.
//
// Each line of standard input is a request {"base": name, "inject": bool, "file": path}; the line of
// output that answers it holds the file's lines as arrays of [start, end, scopes]. The extension's
// folder is the argument. Base grammars come from npm packages; "botticelli" is the extension's own
// language for TOML. With "inject" false the extension counts as absent, which shows what it changes
// in files that are none of its business.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import oniguruma from "vscode-oniguruma";
import textmate from "vscode-textmate";

const require = createRequire(import.meta.url);
const modules = fileURLToPath(new URL("node_modules", import.meta.url));
const vscodeYaml = path.join(modules, "@codingame/monaco-vscode-yaml-default-extension/resources");
const bundled = path.join(modules, "tm-grammars/grammars");

/** Where each base takes its grammars from, by scope name. */
const BASES = {
  "textmate-toml": { root: "source.toml", files: { "source.toml": path.join(bundled, "toml.json") } },
  "textmate-yaml": { root: "source.yaml", files: { "source.yaml": path.join(bundled, "yaml.json") } },
  "vscode-yaml": {
    root: "source.yaml",
    files: {
      "source.yaml": path.join(vscodeYaml, "yaml.tmLanguage.json"),
      "source.yaml.embedded": path.join(vscodeYaml, "yaml-embedded.tmLanguage.json"),
      ...Object.fromEntries(
        ["1.0", "1.1", "1.2", "1.3"].map((version) => [
          `source.yaml.${version}`,
          path.join(vscodeYaml, `yaml-${version}.tmLanguage.json`),
        ]),
      ),
    },
  },
  botticelli: { root: "source.toml.botticelli", files: {} },
};

function registryFor(base, extension, inject) {
  const { grammars } = JSON.parse(readFileSync(path.join(extension, "package.json"))).contributes;
  const files = { ...BASES[base].files };
  for (const grammar of grammars) files[grammar.scopeName] = path.join(extension, grammar.path);
  return new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (sources) => new oniguruma.OnigScanner(sources),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async (scope) =>
      files[scope] ? textmate.parseRawGrammar(readFileSync(files[scope], "utf8"), files[scope]) : null,
    getInjections: (scope) =>
      inject
        ? grammars.filter((g) => g.injectTo?.includes(scope)).map((g) => g.scopeName)
        : undefined,
  });
}

function tokens(grammar, text) {
  let state = textmate.INITIAL;
  return text.split(/\r\n|\n/).map((line) => {
    const result = grammar.tokenizeLine(line, state);
    state = result.ruleStack;
    return result.tokens.map(({ startIndex, endIndex, scopes }) => [startIndex, endIndex, scopes]);
  });
}

await oniguruma.loadWASM(readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm")));
const extension = process.argv[2];
const grammars = new Map();
for await (const request of createInterface({ input: process.stdin })) {
  const { base, inject, file } = JSON.parse(request);
  const key = `${base} ${inject}`;
  if (!grammars.has(key)) {
    grammars.set(key, await registryFor(base, extension, inject).loadGrammar(BASES[base].root));
  }
  const lines = tokens(grammars.get(key), readFileSync(file, "utf8"));
  process.stdout.write(`${JSON.stringify(lines)}\n`);
}
