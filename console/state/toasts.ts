// One message at the bottom of the page, read aloud by screen readers.
import { signal } from '@preact/signals';
import { isLost } from './session';

export interface Toast {
	text: string;
	bad: boolean;
	undo?: () => void;
	to?: string; // the page of what it is about
}

const GOOD_MS = 5000;
const LONG_MS = 12000; // of one that can be acted on

export const toast = signal<Toast | null>(null);

// The ids of the open dialogs, the topmost last.
export const dialogs = signal<string[]>([]);

export const dismiss = (): void => { toast.value = null; };

const isInUse = (): boolean => document.querySelector('.toast:is(:hover, :focus-within)') !== null;

const expire = (shown: Toast, ms: number): void => void setTimeout(() => {
	if (toast.value === shown && isInUse())
		expire(shown, GOOD_MS);
	else if (toast.value === shown)
		dismiss();
}, ms);

const show = (next: Toast, ms: number): void => {
	toast.value = next;
	expire(next, ms);
};

// Takes back what the message tells of, where that is possible.
export const undo = (): void => {
	const back = toast.value?.undo;
	if (!back)
		return;
	dismiss();
	back();
};

export const say = (text: string, undo?: () => void, to?: string): void =>
	show({ text, bad: false, undo, to }, undo || to ? LONG_MS : GOOD_MS);
// Where the session has ended, the login says so.
export const complain = (text: string): void => isLost.value ? undefined : show({ text, bad: true }, LONG_MS);
