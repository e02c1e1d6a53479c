// What an edit changed, word by word: the longest common subsequence of two lists of words.
export interface Piece {
	kind: 'same' | 'added' | 'removed';
	text: string;
}

const MOST = 2000; // words; a longer text is compared by lines, and one with more lines than that is not compared

const split = (text: string, byLine: boolean): string[] => text.match(byLine ? /[^\n]*\n|[^\n]+$/g : /\s+|[^\s]+/g) ?? [];

const lengths = (a: string[], b: string[]): Uint16Array[] => {
	const rows = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
	for (let i = a.length - 1; i >= 0; i--)
		for (let k = b.length - 1; k >= 0; k--)
			rows[i]![k] = a[i] === b[k] ? rows[i + 1]![k + 1]! + 1 : Math.max(rows[i + 1]![k]!, rows[i]![k + 1]!);
	return rows;
};

const sameAtBegin = (a: string[], b: string[]): number => {
	let n = 0;
	while (n < a.length && n < b.length && a[n] === b[n])
		n++;
	return n;
};

const middle = (a: string[], b: string[]): Piece[] => {
	if (a.length > MOST || b.length > MOST)
		return [{ kind: 'removed', text: a.join('') }, { kind: 'added', text: b.join('') }];
	const rows = lengths(a, b), pieces: Piece[] = [];
	let i = 0, k = 0;
	while (i < a.length || k < b.length)
		if (i < a.length && k < b.length && a[i] === b[k]) {
			pieces.push({ kind: 'same', text: a[i]! });
			i++, k++;
		} else if (k >= b.length || (i < a.length && rows[i + 1]![k]! >= rows[i]![k + 1]!))
			pieces.push({ kind: 'removed', text: a[i++]! });
		else
			pieces.push({ kind: 'added', text: b[k++]! });
	return pieces;
};

const joined = (pieces: Piece[]): Piece[] => {
	const all: Piece[] = [];
	for (const piece of pieces.filter(({ text }) => text)) {
		const last = all.at(-1);
		if (last?.kind === piece.kind)
			last.text += piece.text;
		else
			all.push({ ...piece });
	}
	return all;
};

export const diff = (before: string, after: string): Piece[] => {
	const byLine = split(before, false).length > MOST || split(after, false).length > MOST;
	const a = split(before, byLine), b = split(after, byLine);
	const begin = sameAtBegin(a, b);
	const end = sameAtBegin(a.slice(begin).reverse(), b.slice(begin).reverse());
	return joined([
		{ kind: 'same', text: a.slice(0, begin).join('') },
		...middle(a.slice(begin, a.length - end), b.slice(begin, b.length - end)),
		{ kind: 'same', text: a.slice(a.length - end).join('') },
	]);
};
