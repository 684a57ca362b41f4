// Starts `rnnc --lsp` for programs of rnnc.
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function activate() {
  const settings = vscode.workspace.getConfiguration("rnn");
  const server = { command: settings.get("compiler"), args: ["--lsp", ...settings.get("arguments")] };
  client = new LanguageClient("rnn", "rnnc", server, { documentSelector: [{ language: "rnn" }] });
  await client.start();
}

function deactivate() {
  return client ? client.stop() : undefined;
}

module.exports = { activate, deactivate };
