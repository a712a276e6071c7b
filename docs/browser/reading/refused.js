// The refusal of a table or an option: one line that says what is wrong and what to do.

export class Refused extends Error {}

export function refuse(line) {
  throw new Refused(line);
}

// What the library may read and this page does not.
export function unread(fault) {
  throw new Refused(`${fault}; this page does not read that, and \`segue forecast\` may`);
}
