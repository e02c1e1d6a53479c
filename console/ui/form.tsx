// A form, sent once at a time. A fault stands beside its field, which gets the focus, or else above all fields.

import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Problem } from '../api/client';
import { asProblem, focusFirstBad, Refusal } from './field';

export type Fields = Record<string, string>;

interface Props {
	send: (fields: Fields, form: HTMLFormElement) => Promise<unknown>;
	submit: string;
	children: (problem: Problem | null) => ComponentChildren;
}

const isBesideField = (form: HTMLFormElement, problem: Problem): boolean =>
	[problem.field, ...problem.faults.map(fault => fault.field)].some(name => name && form.elements.namedItem(name));

export const Form = ({ send, submit, children }: Props) => {
	const [problem, setProblem] = useState<Problem | null>(null);
	const [isBeside, setBeside] = useState(false);
	const isBusy = useRef(false);
	const onSubmit = async (event: Event): Promise<void> => {
		event.preventDefault();
		const form = event.currentTarget as HTMLFormElement;
		if (isBusy.current)
			return;
		isBusy.current = true;
		try {
			await send(Object.fromEntries(new FormData(form)) as Fields, form);
			setProblem(null);
		} catch (reason) {
			const refused = asProblem(reason);
			setProblem(refused);
			setBeside(isBesideField(form, refused));
			focusFirstBad(form);
		} finally {
			isBusy.current = false;
		}
	};
	return (
		<form onSubmit={onSubmit}>
			<Refusal problem={isBeside ? null : problem} />
			{children(problem)}
			<button class="primary">{submit}</button>
		</form>
	);
};
