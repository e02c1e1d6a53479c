// One message at the bottom of the page, read aloud by screen readers.
import { signal } from '@preact/signals';
import { isLost } from './session';

export interface Toast {
	text: string;
	bad: boolean;
	undo?: () => void;
}

const GOOD_MS = 5000;
const BAD_MS = 12000;

export const toast = signal<Toast | null>(null);

// The ids of the open dialogs, the topmost last.
export const dialogs = signal<string[]>([]);

export const dismiss = (): void => { toast.value = null; };

const show = (next: Toast, ms: number): void => {
	toast.value = next;
	setTimeout(() => toast.value === next && dismiss(), ms);
};

export const say = (text: string, undo?: () => void): void => show({ text, bad: false, undo }, GOOD_MS);
// Where the session has ended, the login says so.
export const complain = (text: string): void => isLost.value ? undefined : show({ text, bad: true }, BAD_MS);
