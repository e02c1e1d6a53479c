// What an edit changed, word by word: the longest common subsequence of two lists of words.
export interface Piece {
	kind: 'same' | 'added' | 'removed';
	text: string;
}

const MOST = 2000; // words of a text; above that lines are compared

const split = (text: string, byLine: boolean): string[] => text.match(byLine ? /[^\n]*\n|[^\n]+$/g : /\s+|[^\s]+/g) ?? [];

const lengths = (a: string[], b: string[]): Uint16Array[] => {
	const rows = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
	for (let i = a.length - 1; i >= 0; i--)
		for (let k = b.length - 1; k >= 0; k--)
			rows[i]![k] = a[i] === b[k] ? rows[i + 1]![k + 1]! + 1 : Math.max(rows[i + 1]![k]!, rows[i]![k + 1]!);
	return rows;
};

export const diff = (before: string, after: string): Piece[] => {
	const byLine = split(before, false).length > MOST || split(after, false).length > MOST;
	const a = split(before, byLine), b = split(after, byLine), rows = lengths(a, b);
	const pieces: Piece[] = [];
	const put = (kind: Piece['kind'], text: string): void => {
		const last = pieces.at(-1);
		if (last?.kind === kind)
			last.text += text;
		else
			pieces.push({ kind, text });
	};
	let i = 0, k = 0;
	while (i < a.length || k < b.length) {
		if (i < a.length && k < b.length && a[i] === b[k]) {
			put('same', a[i]!);
			i++, k++;
		} else if (k >= b.length || (i < a.length && rows[i + 1]![k]! >= rows[i]![k + 1]!))
			put('removed', a[i++]!);
		else
			put('added', b[k++]!);
	}
	return pieces;
};
