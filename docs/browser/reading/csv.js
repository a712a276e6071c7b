// Text in, rows of cells out. Every row has as many cells as the header; anything else is refused, never mended.

import { Refused, refuse, unread } from "./refused.js";

const DELIMITERS = [",", ";", "\t"];
const MOST_COLUMNS = 1_000;
const SAMPLE = 200; // lines that show the delimiter, as in the library
const VALUE = /^([-+]?\d+([.,]\d+)?$|\d{1,4}[-/.]\d{1,2}([-/.]\d|$|\D)|\d{1,2}:\d{2})/; // no name looks like this
const UTF8 = new TextDecoder("utf-8", { fatal: true });

export function decode(bytes) {
  const head = [...new Uint8Array(bytes.slice(0, 4))];
  const starts = (...signs) => signs.every((sign, index) => head[index] === sign);
  if (starts(0x50, 0x41, 0x52, 0x31)) unread("the file is Parquet");
  if (starts(0x1f, 0x8b) || starts(0x28, 0xb5, 0x2f, 0xfd)) unread("the file is compressed");
  let text;
  try {
    text = UTF8.decode(bytes);
  } catch {
    return unread("the file is not in UTF-8");
  }
  if (text.includes("\0")) unread("the file holds zero bytes");
  if (/\r(?!\n)/.test(text)) unread("lines end in a single carriage return");
  return text;
}

// Cells of one line without blanks around them.
function split(line, delimiter, number) {
  if (!line.includes('"')) return line.split(delimiter).map((cell) => cell.trim());
  const cells = [];
  let rest = line;
  for (;;) {
    rest = rest.replace(/^ +/, "");
    let end;
    if (rest.startsWith('"')) {
      const quoted = /^"((?:[^"]|"")*)"/.exec(rest);
      if (!quoted) unread(`line ${number} has a quote that is not closed on that line`);
      cells.push(quoted[1].replaceAll('""', '"').trim());
      end = quoted[0].length;
      if (end < rest.length && !rest.startsWith(delimiter, end)) unread(`line ${number} has text behind a quote`);
    } else {
      end = rest.indexOf(delimiter);
      end = end < 0 ? rest.length : end;
      if (rest.slice(0, end).includes('"')) unread(`line ${number} has a quote within a cell`);
      cells.push(rest.slice(0, end).trim());
    }
    if (end >= rest.length) return cells;
    rest = rest.slice(end + delimiter.length);
  }
}

function width(lines, delimiter) {
  try {
    const widths = new Set(lines.map(({ line, number }) => split(line, delimiter, number).length));
    return widths.size === 1 ? [...widths][0] : 0;
  } catch (fault) {
    if (fault instanceof Refused) return 0;
    throw fault;
  }
}

function delimiterOf(lines) {
  const found = DELIMITERS.filter((delimiter) => width(lines, delimiter) > 1);
  if (found.length === 1) return found[0];
  if (found.length > 1) unread("several delimiters fit the rows");
  return unread("the rows do not all have the same number of cells, two or more, by comma, semicolon or tab");
}

// A leading column without a name that counts the rows from 0 or 1, as pandas writes it.
function counts(cells) {
  const first = Number(cells[0]);
  return (first === 0 || first === 1) && cells.every((cell, row) => cell === String(first + row));
}

function named(names, rows) {
  const kept = [];
  names.forEach((name, column) => {
    const cells = rows.map((row) => row.cells[column]);
    if (name) kept.push(column);
    else if (!cells.every((cell) => cell === "") && !(column === 0 && cells.length > 1 && counts(cells))) {
      refuse(`column ${column + 1} has no name; give each column a name in the first line`);
    }
  });
  return kept;
}

// Returns the names, the columns of text by name, the line of each row, and the delimiter.
export function readCsv(text) {
  const lines = text.split(/\r?\n/).map((line, index) => ({ line, number: index + 1 }));
  const filled = lines.filter(({ line }) => line.trim());
  if (filled.length < 2) refuse("the table is empty; give a first line of names and at least one row");
  if (/^\s*(#|"?sep=)/i.test(filled[0].line)) unread("the first line is a comment or a mark of spreadsheets");
  const delimiter = delimiterOf(filled.slice(0, SAMPLE));
  const rows = filled.map(({ line, number }) => ({ cells: split(line, delimiter, number), number }));
  const [{ cells: names }] = rows.splice(0, 1);
  if (names.length > MOST_COLUMNS)
    unread(`the table has ${names.length} columns, and the page reads at most ${MOST_COLUMNS}`);
  const value = names.find((name) => VALUE.test(name));
  if (value !== undefined) refuse(`the first line holds ${value}, which is not a name; give a first line of names`);
  const mixed = names.find((name) => name.replaceAll(delimiter, "").match(/[,;\t|]/));
  if (mixed !== undefined) unread(`the name ${mixed.slice(0, 60)} holds another delimiter`);
  const bad = rows.find(({ cells }) => cells.length !== names.length);
  if (bad) unread(`line ${bad.number} has ${bad.cells.length} cells, and the header has ${names.length}`);
  const comment = rows.find(({ cells }) => cells[0].startsWith("#"));
  if (comment) unread(`line ${comment.number} is a comment`);
  const own = rows.filter(({ cells }) => cells.some((cell) => cell !== ""));
  if (!own.length) refuse("the table has no rows; give at least one");
  const kept = named(names, own);
  const taken = kept.map((column) => names[column]);
  const twice = taken.find((name, index) => taken.indexOf(name) !== index);
  if (twice !== undefined) refuse(`two columns have the name ${twice}; rename one`);
  const columns = new Map(kept.map((column) => [names[column], own.map(({ cells }) => cells[column])]));
  return { names: taken, columns, lines: own.map(({ number }) => number), delimiter };
}
