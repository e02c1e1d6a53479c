// Where the words of a search were found: text that the desk escaped, with <mark> around the words.
import { unescaped } from './entities';

export const Snippet = ({ text }: { text: string }) => (
	<span class="snippet">
		{text.split(/<mark>|<\/mark>/).map((part, i) => i % 2 === 1 ? <mark key={i}>{unescaped(part)}</mark> : unescaped(part))}
	</span>
);
