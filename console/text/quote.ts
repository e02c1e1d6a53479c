// What is selected, else the whole text, as a quotation to answer below.
export const quote = (text: string, author: string): string => {
	const selected = getSelection()?.toString().trim();
	const lines = (selected || text).trimEnd().split('\n').map(line => `> ${line}`.trimEnd());
	return `> **${author}:**\n${lines.join('\n')}\n\n`;
};
