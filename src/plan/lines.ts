/** Phrases, separated by commas, in lines of that width; a longer phrase has a line for itself. */
export function wrapped(phrases: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const [index, phrase] of phrases.entries()) {
    const text = index === phrases.length - 1 ? phrase : `${phrase},`;
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + text.length <= width)
      lines[lines.length - 1] = `${last} ${text}`;
    else lines.push(text);
  }
  return lines;
}

/** What would move the cursor, as its code. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u${(character.codePointAt(0) as number).toString(16).padStart(4, "0")}`;
  });
}
