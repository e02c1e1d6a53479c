// The focus is the cursor of a list: nothing is drawn again when it moves, and screen readers speak.

const titles = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('a.ticket')];
const rowOf = (element: Element | null): HTMLElement | null => element?.closest<HTMLElement>('tr[data-id]') ?? null;
const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('tr[data-id]')];

// The ticket whose row has the focus.
export const current = (): number => Number(rowOf(document.activeElement)?.dataset.id ?? 0);

export const move = (by: number): void => {
	const row = rowOf(document.activeElement);
	const at = row ? rows().indexOf(row) + by : by > 0 ? 0 : titles().length - 1;
	const all = titles();
	all[Math.min(all.length - 1, Math.max(0, at))]?.focus();
};

export const focusTicket = (id: number): void => {
	const title = document.getElementById(`t${id}`);
	title?.scrollIntoView({ block: 'nearest' });
	title?.focus();
};

// The rows of another list are not those that the focus was in: it begins at the heading, as on any page.
export const leaveRows = (): (() => void) => {
	const had = rowOf(document.activeElement);
	return () => {
		if (had)
			document.querySelector<HTMLElement>('#main h1')?.focus({ preventScroll: true });
	};
};

// Keeps the focus while rows come, go and move: on the same ticket, else on the row that took its place.
export const holdFocus = (): (() => void) => {
	const had = document.activeElement, row = rowOf(had);
	if (!row)
		return () => {};
	const { id } = had!, at = rows().indexOf(row);
	return () => {
		if (rowOf(document.activeElement))
			return;
		const all = titles();
		(document.getElementById(id) ?? all[Math.min(at, all.length - 1)] ?? document.getElementById('main'))?.focus({ preventScroll: true });
	};
};
