import type { ComponentChildren } from 'preact';
import { go, href } from '../state/router';

interface Props {
	to: string;
	children?: ComponentChildren;
	id?: string;
	class?: string;
	'aria-current'?: 'page' | undefined;
	'aria-label'?: string;
}

// A link within the console. With a modifier the browser does what it always does.
export const Link = ({ to, ...rest }: Props) => (
	<a href={href(to)} onClick={event => {
		if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
			return;
		event.preventDefault();
		go(to);
	}} {...rest} />
);
