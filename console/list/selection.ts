import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Ticket } from '../api/types';

// Which tickets of a page are selected; `isEvery`: those of all pages.
export const useSelection = (items: Ticket[], key: string) => {
	const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
	const [isEvery, setEvery] = useState(false);
	const last = useRef<number | null>(null);
	const now = useRef({ items, selected });
	now.current = { items, selected };
	// Kept at once: another may be selected before the list is drawn.
	const set = (next: ReadonlySet<number>): void => {
		now.current.selected = next;
		setSelected(next);
		setEvery(false);
	};
	useEffect(() => {
		if (now.current.selected.size)
			set(new Set());
		last.current = null;
	}, [key]);
	const select = useMemo(() => (id: number, toThis: boolean): void => {
		const { items, selected } = now.current;
		const next = new Set(selected);
		const from = items.findIndex(ticket => ticket.id === last.current), to = items.findIndex(ticket => ticket.id === id);
		if (toThis && from !== -1 && to !== -1)
			items.slice(Math.min(from, to), Math.max(from, to) + 1).forEach(ticket => next.add(ticket.id));
		else if (!next.delete(id))
			next.add(id);
		last.current = id;
		set(next);
	}, []);
	const chosen = items.filter(ticket => selected.has(ticket.id));
	const isAll = items.length > 0 && chosen.length === items.length;
	return {
		chosen, selected, select, isAll, isEvery, setEvery, set,
		toggleAll: () => set(isAll ? new Set() : new Set(items.map(ticket => ticket.id))),
		clear: () => set(new Set()),
	};
};

export type Selection = ReturnType<typeof useSelection>;
