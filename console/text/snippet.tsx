// Where the words of a search were found: text that the desk escaped, with <mark> around the words.
const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#34': '"' };
const unescaped = (text: string): string => text.replace(/&(amp|lt|gt|quot|#39|#34);/g, (all, name: string) => named[name] ?? all);

export const Snippet = ({ text }: { text: string }) => (
	<span class="snippet">
		{text.split(/<mark>|<\/mark>/).map((part, i) => i % 2 === 1 ? <mark key={i}>{unescaped(part)}</mark> : unescaped(part))}
	</span>
);
