// A text as a quotation to answer below.
export const quote = (text: string, author: string): string => {
	const lines = text.trim().split('\n').map(line => `> ${line}`.trimEnd());
	const name = author.replace(/[\\`*_[\]<>~]/g, '\\$&');
	return `> **${name}:**\n${lines.join('\n')}\n\n`;
};

// What is selected within an element; '' if nothing is, or more than that.
export const selectedIn = (element: Element | null): string => {
	const selection = getSelection();
	if (!element || !selection?.rangeCount || !element.contains(selection.getRangeAt(0).commonAncestorContainer))
		return '';
	return selection.toString().trim();
};
