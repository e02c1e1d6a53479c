import { priorities, statuses, closedId } from '../state/lookups';

// Flicket's own statuses have colours of their own; others are plain. The word is always there.
const TONES: Record<string, string> = { open: 'open', closed: 'closed', 'in work': 'working', 'awaiting information': 'waiting' };

// What is no id stays as it was written.
export const named = (nameOf: (id: number) => string) => (value: string): string => /^\d+$/.test(value) ? nameOf(Number(value)) : value;

export const statusName = (id: number): string => statuses.value.find(s => s.id === id)?.status ?? `#${id}`;

export const StatusPill = ({ id }: { id: number }) => {
	const name = statusName(id);
	return <span class={`pill ${TONES[name.toLowerCase()] ?? (id === closedId.value ? 'closed' : 'other')}`}>{name}</span>;
};

const BARS = 3;

// They are a background, as a list has many. Where a priority stands among those of the desk, as one to three bars.
const levelOf = (id: number): number => {
	const at = priorities.value.findIndex(p => p.id === id);
	return at === -1 ? 1 : 1 + Math.round(at * (BARS - 1) / Math.max(1, priorities.value.length - 1));
};

export const priorityName = (id: number): string => priorities.value.find(p => p.id === id)?.priority ?? `#${id}`;

export const PriorityBars = ({ id }: { id: number }) => {
	const level = levelOf(id), name = priorityName(id);
	return <span class={`priority level${level}`} role="img" aria-label={name} title={name}><i /></span>;
};
