// The keyboard and screen readers begin a page at its heading; after Back, they begin where the user was.

import { useEffect } from 'preact/hooks';
import { arrived, place, returning, visits } from '../state/router';

const isBusy = (main: HTMLElement): boolean => main.matches('[aria-busy=true]')
	|| main.querySelector('[aria-busy=true], .skeleton') !== null;

// A page may have given the focus to a field of its own already.
const focusHeading = (main: HTMLElement, heading: HTMLElement): void => {
	const at = document.activeElement;
	if ((at !== main && main.contains(at)) || document.querySelector('dialog[open]'))
		return;
	heading.tabIndex = -1;
	heading.focus({ preventScroll: heading.matches('h1') });
};

// The part of the page that the end of the URL names, else the top.
const headingOf = (main: HTMLElement): HTMLElement | null => {
	const part = /#(\w+)$/.exec(place.peek())?.[1];
	return (part ? main.querySelector<HTMLElement>(`h2#${part}`) : null) ?? main.querySelector('h1');
};

// True once it is done: after Back, the page must have its old height first.
const settle = (): boolean => {
	const main = document.getElementById('main');
	const heading = main && headingOf(main);
	if (!main || !heading || (returning && isBusy(main)))
		return false;
	if (!arrived() && (visits.peek() > 0 || heading.matches('h2')))
		focusHeading(main, heading);
	return true;
};

export const useArrival = (): void => {
	const visit = visits.value;
	useEffect(() => {
		if (settle())
			return;
		const observer = new MutationObserver(() => settle() && observer.disconnect());
		observer.observe(document.getElementById('console')!, { subtree: true, childList: true, attributeFilter: ['aria-busy', 'class'] });
		return () => observer.disconnect();
	}, [visit]);
};
