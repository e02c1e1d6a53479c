// The first steps on a new desk that its admin has done, or has said to be done, in this browser.

import { signal } from '@preact/signals';
import { me } from './session';
import { guarded } from './storage';

export type Step = 'departments' | 'people' | 'ticket';

const keyOf = (): string => `flicket-steps:${me.value?.id}`;
const turn = signal(0); // grows when a step is done

export const doneSteps = (): string[] => {
	void turn.value;
	return guarded(() => localStorage.getItem(keyOf())?.split(',')) ?? [];
};

export const doStep = (step: Step): void => {
	const done = doneSteps();
	if (done.includes(step))
		return;
	guarded(() => localStorage.setItem(keyOf(), [...done, step].join()));
	turn.value++;
};
