// Where the user is. The URL holds everything that a page shows, so links, Back and a second tab work. Paths are
// without the folder that the desk is served below.

import { signal } from '@preact/signals';
import { root } from '../api/client';

const here = (): string => '/' + location.pathname.slice(root.length) + location.search + location.hash;

export const place = signal(here());

// Grows with every page that the user goes to or comes back to.
export const visits = signal(0);

interface Left {
	scroll: number;
	focus: string; // the id of the element that had it
}

const leave = (): void => history.replaceState({ scroll: scrollY, focus: document.activeElement?.id ?? '' } satisfies Left, '');

// Leave for another page, which begins at its top.
export const go = (to: string): void => {
	leave();
	history.pushState(null, '', root + to.slice(1));
	returning = null;
	place.value = to;
	visits.value++;
	scrollTo(0, 0);
};

// The same page with another query: Back goes to the page before.
export const stay = (to: string): void => {
	history.replaceState(history.state, '', root + to.slice(1));
	place.value = to;
};

// Scroll and focus of the page that Back leads to; the page restores them once it shows the same things.
export let returning: Left | null = history.state as Left | null;

// Whether something has got the focus.
export const arrived = (): boolean => {
	const left = returning;
	returning = null;
	if (!left)
		return false;
	scrollTo(0, left.scroll);
	const focused = left.focus ? document.getElementById(left.focus) : null;
	focused?.focus({ preventScroll: true });
	return focused !== null;
};

addEventListener('popstate', event => {
	returning = event.state as Left | null;
	place.value = here();
	visits.value++;
});
addEventListener('pagehide', leave);
history.scrollRestoration = 'manual';

export const href = (to: string): string => root + to.slice(1);

export const pathOf = (at: string): string => at.split(/[?#]/, 1)[0]!;
export const queryOf = (at: string): URLSearchParams => new URLSearchParams(at.split('#', 1)[0]!.split('?')[1] ?? '');
