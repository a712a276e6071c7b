// What the page asks the server: one function, which shows every error as one line and asks for a token once.

import { show } from "./parts.js";

const form = document.getElementById("token-form");
let token = sessionStorage.getItem("segue-token") || "";

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
