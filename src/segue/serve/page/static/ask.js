// What the page asks the server: one function, which shows every error as one line and asks for a token once.

const error = document.getElementById("error");
const form = document.getElementById("token-form");
let token = sessionStorage.getItem("segue-token") || "";

export function show(message) {
  error.textContent = message;
  error.hidden = !message;
}

function waitForToken() {
  form.hidden = false;
  document.getElementById("token").focus();
  return new Promise((resolve) => {
    form.onsubmit = (event) => {
      event.preventDefault();
      token = document.getElementById("token").value.trim();
      sessionStorage.setItem("segue-token", token);
      form.hidden = true;
      resolve();
    };
  });
}

// Returns the response, or null after an error that is shown, or after `signal` ended the request.
export async function ask(path, query = {}, body = undefined, signal = undefined) {
  const headers = { "content-type": "application/octet-stream" };
  if (token) headers.authorization = `Bearer ${token}`;
  const address = `${path}?${new URLSearchParams(query)}`;
  try {
    const answer = await fetch(address, { method: body === undefined ? "GET" : "POST", headers, body, signal });
    if (answer.status === 401) {
      await waitForToken();
      return ask(path, query, body, signal);
    }
    if (answer.ok) {
      show("");
      return answer;
    }
    const text = await answer.text();
    let line = text;
    try { line = JSON.parse(text).detail; } catch { /* not of this server, but of something in front of it */ }
    show(line || `The server answered ${answer.status}.`);
  } catch (fault) {
    if (fault.name !== "AbortError") show("The server does not answer. Is it still running?");
  }
  return null;
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
