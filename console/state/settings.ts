// Choices of the user for this browser.
import { effect, signal } from '@preact/signals';
import { guarded } from './storage';

const stored = <Value extends string>(name: string, values: readonly Value[]) => {
	const key = `flicket-${name}`;
	const kept = guarded(() => localStorage.getItem(key)) as Value | null | undefined;
	const value = signal<Value>(kept && values.includes(kept) ? kept : values[0]!);
	effect(() => { guarded(() => localStorage.setItem(key, value.value)); });
	return value;
};

export const THEMES = ['system', 'light', 'dark'] as const;
export const DENSITIES = ['comfortable', 'compact'] as const;
export const SWITCH = ['on', 'off'] as const;

export const theme = stored('theme', THEMES);
export const density = stored('density', DENSITIES);
export const singleKeys = stored('keys', SWITCH);

effect(() => {
	document.documentElement.style.colorScheme = theme.value === 'system' ? 'light dark' : theme.value;
	document.documentElement.dataset.density = density.value;
});
