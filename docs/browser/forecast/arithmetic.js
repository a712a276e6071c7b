// Arithmetic as Python and numpy do it, where that of JavaScript differs.

// The nearest whole number; a half goes to the even one, and in JavaScript up.
export function nearest(value) {
  const low = Math.floor(value);
  const rest = value - low;
  return rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1;
}

// The remainder of a division by a positive number; it is never negative.
export function modulo(value, divisor) {
  const rest = value % divisor;
  return rest < 0 ? rest + divisor : rest;
}

// The whole quotient of such a division, which fits the remainder; rounding a quotient down may give one more.
export function quotient(value, divisor) {
  return nearest((value - modulo(value, divisor)) / divisor);
}
