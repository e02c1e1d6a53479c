// Texts that would keep the lexer busy for very long, or overflow its stack. Its time grows with the square of what is open
// at once: marks in a paragraph, blanks in a row, cells of a table, quotations and lists in each other. Nobody writes
// such texts by hand; they are shown as they are.

const LONGEST = 20_000; // characters
const MARKS = 600; // in a paragraph
const BARS = 100; // in a line
const CELLS = 10_000; // bars of the widest line, in each line
const BLANKS = 200; // in a row
const LEVELS = 20;

const DEEP = new RegExp(`^(?:[ \\t]*(?:>|(?:[*+-]|\\d{1,9}[.)])[ \\t])){${LEVELS}}`, 'm');
const BLANK = new RegExp(`[^\\S\\n]{${BLANKS}}`);

const count = (text: string, marks: RegExp): number => text.match(marks)?.length ?? 0;

const hasHugeTable = (text: string): boolean => {
	const lines = text.split('\n'), widest = Math.max(...lines.map(line => count(line, /\|/g)));
	return widest > BARS || widest * lines.length > CELLS;
};

export const isHeavy = (text: string): boolean => text.length > LONGEST || DEEP.test(text) || BLANK.test(text) || hasHugeTable(text)
	|| text.split(/\n[^\S\n]*\n/).some(paragraph => count(paragraph, /[*_~`[\]<!&\\]|https?:|www\.|@/g) > MARKS);
