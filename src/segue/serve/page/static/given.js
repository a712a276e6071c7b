// How a table comes in: a file that is chosen or dropped, or rows that are pasted.

import { show } from "./parts.js";

const at = (id) => document.getElementById(id);

// Calls `open` with the bytes and a name of every table that comes.
export function takeTables(open) {
  const take = async ([file]) => {
    if (file) await open(await file.arrayBuffer(), file.name);
  };
  at("file").onchange = (event) => take(event.target.files);
  at("use-paste").onclick = () => {
    if (!at("paste").value.trim()) return show("Paste a header and rows first.");
    return open(new TextEncoder().encode(at("paste").value), "pasted rows");
  };
  const stop = (event) => event.preventDefault();
  addEventListener("dragover", (event) => { stop(event); at("drop").classList.add("over"); });
  addEventListener("dragleave", () => at("drop").classList.remove("over"));
  addEventListener("drop", (event) => {
    stop(event);
    at("drop").classList.remove("over");
    return take(event.dataTransfer.files);
  });
}
