// The page of the API, from the server's own OpenAPI; no tool of another server is loaded.

import { ask } from "./ask.js";

const add = (parent, kind, text) => parent.appendChild(Object.assign(document.createElement(kind), { textContent: text }));

function typeOf(schema, all) {
  if (schema.$ref) return all[schema.$ref.split("/").at(-1)].title;
  if (schema.anyOf) return schema.anyOf.map((one) => typeOf(one, all)).join(" or ");
  if (schema.type === "array") return `list of ${typeOf(schema.items ?? {}, all)}`;
  return schema.enum?.join(" or ") ?? schema.const ?? schema.type ?? "anything";
}

function fields(card, schema, all, seen = new Set()) {
  const own = schema.$ref ? all[schema.$ref.split("/").at(-1)] : schema;
  if (!own?.properties || seen.has(own.title)) return;
  seen.add(own.title);
  const lines = Object.entries(own.properties).map(([name, field]) => {
    const needed = own.required?.includes(name) ? "needed" : `default ${JSON.stringify(field.default ?? null)}`;
    return `${name}: ${typeOf(field, all)}  (${needed})`;
  });
  add(card, "p", `${own.title}. ${own.description ?? ""}`).className = "soft";
  add(card, "pre", lines.join("\n"));
  for (const field of Object.values(own.properties)) {
    for (const one of [field, field.items, ...(field.anyOf ?? []).flatMap((part) => [part, part.items])]) {
      if (one?.$ref) fields(card, one, all, seen);
    }
  }
}

const answer = await ask("/openapi.json");
if (answer) {
  const about = await answer.json();
  const all = about.components?.schemas ?? {};
  for (const [path, methods] of Object.entries(about.paths)) {
    for (const [method, call] of Object.entries(methods)) {
      const card = add(document.getElementById("calls"), "section", "");
      card.className = "card";
      add(card, "h2", `${method.toUpperCase()} ${path}`);
      add(card, "p", `${call.tags?.join(", ") ?? ""}. ${call.description ?? call.summary}`);
      const body = call.requestBody?.content?.["application/json"]?.schema;
      if (body) fields(card, body, all);
    }
  }
}
