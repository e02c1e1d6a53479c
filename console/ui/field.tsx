import type { ComponentChildren, TargetedEvent } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Problem } from '../api/client';
import { faultText } from '../i18n/faults';
import { t } from '../i18n/t';

interface FieldProps {
	label: string;
	name: string;
	problem?: Problem | null;
	hint?: string;
}

// The attributes of a control that the console uses.
interface Control<Element extends HTMLElement> {
	value?: string;
	defaultValue?: string;
	required?: boolean;
	disabled?: boolean;
	autofocus?: boolean;
	autoComplete?: string;
	onInput?: (event: TargetedEvent<Element>) => void;
	onChange?: (event: TargetedEvent<Element>) => void;
}

interface TextControl extends Control<HTMLInputElement> {
	type?: 'text' | 'password' | 'date' | 'number';
	inputMode?: 'email' | 'text';
	minLength?: number;
	maxLength?: number;
	autoCapitalize?: 'none';
	spellcheck?: boolean;
}

// The desk's word on a field stands beside it, and describes its control.
const useField = ({ name, problem, hint }: Pick<FieldProps, 'name' | 'problem' | 'hint'>) => {
	const id = useId();
	const bad = problem?.of(name);
	const described = [bad && `${id}-bad`, hint && `${id}-hint`].filter(Boolean).join(' ') || undefined;
	const notes = <>
		{hint && <small id={`${id}-hint`} class="quiet">{hint}</small>}
		{bad && <small id={`${id}-bad`} class="bad">{bad}</small>}
	</>;
	return { id, notes, aria: { id, name, 'aria-invalid': bad ? true : undefined, 'aria-describedby': described } as const };
};

export const lengthOf = (text: string): number => [...text].length;

// Browsers cut what is pasted into a field with a maxlength, and say nothing; a password would be another one then.
// Such a text stays as it is, and the browser says at the field why it is not sent.
export const checkLength = (field: HTMLInputElement, most: number): void => {
	const n = lengthOf(field.value);
	field.setCustomValidity(n > most ? t('field.too_long', { most, n }) : '');
};

export const Input = ({ label, name, problem, hint, maxLength = Infinity, onInput, ...rest }: FieldProps & TextControl) => {
	const { id, notes, aria } = useField({ name, problem, hint });
	const field = useRef<HTMLInputElement>(null);
	useEffect(() => checkLength(field.current!, maxLength), [rest.value]);
	return (
		<div class="field">
			<label for={id}>{label}</label>
			<input ref={field} {...rest as object} {...aria} onFocus={event => { if (rest.autofocus) event.currentTarget.select(); }}
				onInput={event => { checkLength(event.currentTarget, maxLength); onInput?.(event); }} />
			{notes}
		</div>
	);
};

export const Select = ({ label, name, problem, hint, ...rest }: FieldProps & Control<HTMLSelectElement> & { children: ComponentChildren }) => {
	const { id, notes, aria } = useField({ name, problem, hint });
	return <div class="field"><label for={id}>{label}</label><select {...rest} {...aria} />{notes}</div>;
};

export const Check = ({ label, name }: { label: string; name: string }) => (
	<label class="check"><input type="checkbox" name={name} /> {label}</label>
);

const MINUTE = 60; // s

// Tells the user about a problem, and what to do about it.
export const explain = (problem: Problem): string => {
	if (problem.code === 'unreachable')
		return t('problem.unreachable');
	if (problem.status === 429)
		return problem.retryAfter > MINUTE ? t('problem.too_many_minutes', { n: Math.ceil(problem.retryAfter / MINUTE) })
			: t('problem.too_many', { n: problem.retryAfter });
	if (problem.status === 401)
		return t('problem.ended');
	if (problem.status === 503)
		return t('problem.unavailable');
	return faultText(problem.code, problem.message);
};

export const asProblem = (reason: unknown): Problem =>
	reason instanceof Problem ? reason : new Problem(0, reason instanceof Error ? reason.message : String(reason), 'bug');

// Beside a form; focus goes to the first field that is wrong. Where the session has ended, the login is asked for above the
// page, and the form goes on afterwards; only what has to be fetched again says so.
export const Refusal = ({ problem, again }: { problem: Problem | null; again?: () => void }) => problem && (problem.status !== 401 || again) && (
	<div class="refusal" role="alert">
		<span>{explain(problem)}</span>
		{again && <button type="button" onClick={again}>{t('problem.again')}</button>}
	</div>
);

export const focusFirstBad = (form: HTMLElement): void =>
	void requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid]')?.focus());
