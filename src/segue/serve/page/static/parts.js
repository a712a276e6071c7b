// Small parts of a page: one line of an error, a file to save, rows of a table, digits of a number.

export function show(message) {
  const error = document.getElementById("error");
  error.textContent = message;
  error.hidden = !message;
}

export function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000); // some browsers read it only after the click
}

export function rows(table, head, lines) {
  table.replaceChildren();
  const cells = (parent, kind, texts) => {
    const row = parent.insertRow();
    for (const text of texts) row.appendChild(document.createElement(kind)).textContent = text;
  };
  cells(table.createTHead(), "th", head);
  const body = table.createTBody();
  for (const line of lines) cells(body, "td", line);
}

export function digits(value) {
  return value === null || value === undefined ? "" : Number(value.toPrecision(6)).toString();
}

export function element(kind, text) {
  return Object.assign(document.createElement(kind), { textContent: text });
}

// A sentence that no line breaks between a number and its sign.
export function bound(text) {
  return text.replace(/(\d) %/g, "$1\u00a0%");
}

const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

// Lines of cells as the text of a CSV file; a missing cell is empty.
export function asCsv(lines) {
  return lines.map((line) => line.map((cell) => quoted(String(cell ?? ""))).join(",") + "\n").join("");
}
