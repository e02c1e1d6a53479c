// A field with suggestions, by the pattern of ARIA 1.2: focus stays in the field, the list is told by
// aria-activedescendant. People and categories are chosen with it.

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { t } from '../i18n/t';

export interface Option {
	id: number;
	name: string;
	detail?: string;
	picture?: ComponentChildren;
}

interface Props {
	label: string;
	value: Option | null;
	find: (text: string, signal: AbortSignal) => Promise<Option[]> | Option[];
	onChoose: (option: Option) => void;
	placeholder?: string;
	isLabelHidden?: boolean;
	required?: boolean;
	autofocus?: boolean;
	problem?: string;
}

const PAUSE_MS = 150;

const useOptions = (find: Props['find'], text: string | null) => {
	const [found, setFound] = useState<{ text: string; options: Option[] } | null>(null);
	const last = useRef(find);
	last.current = find;
	useEffect(() => {
		if (text === null)
			return setFound(null);
		const abort = new AbortController();
		const timer = setTimeout(async () => {
			const options = await Promise.resolve(last.current(text, abort.signal)).catch(() => []);
			if (!abort.signal.aborted)
				setFound({ text, options });
		}, text === '' ? 0 : PAUSE_MS);
		return () => { abort.abort(); clearTimeout(timer); };
	}, [text]);
	return { options: found?.options ?? null, isFresh: found?.text === text };
};

export const Combobox = ({ label, value, find, onChoose, placeholder, isLabelHidden, required, autofocus, problem }: Props) => {
	const id = useId();
	// null: closed, shows the value. The one field of a dialog is open from the start.
	const [text, setText] = useState<string | null>(autofocus ? '' : null);
	const [active, setActive] = useState(0);
	const { options, isFresh } = useOptions(find, text);
	const isAwaited = useRef(false); // Enter came before the suggestions did
	const list = useRef<HTMLUListElement>(null);
	const isOpen = text !== null && options !== null;
	useEffect(() => {
		setActive(0);
		if (isAwaited.current && isFresh && options?.[0])
			choose(options[0]);
		isAwaited.current &&= !isFresh;
	}, [options]);
	useEffect(() => list.current?.children[active]?.scrollIntoView({ block: 'nearest' }), [active]);

	const choose = (option: Option): void => { isAwaited.current = false; setText(null); onChoose(option); };
	const move = (by: number): void => {
		if (text === null)
			return setText('');
		if (options?.length)
			setActive((active + by + options.length) % options.length);
	};
	const onKeyDown = (event: KeyboardEvent): void => {
		if (event.isComposing)
			return;
		if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
			event.preventDefault();
			move(event.key === 'ArrowDown' ? 1 : -1);
		} else if (event.key === 'Enter' && text && !isFresh) {
			event.preventDefault();
			isAwaited.current = true;
		} else if (event.key === 'Enter' && isOpen && options[active]) {
			event.preventDefault();
			choose(options[active]);
		} else if (event.key === 'Escape' && text !== null && !(autofocus && text === '')) { // else it closes the dialog
			event.preventDefault();
			event.stopPropagation();
			setText(autofocus ? '' : null);
		}
	};
	return (
		<div class="field combobox">
			<label for={id} class={isLabelHidden ? 'hidden' : ''}>{label}</label>
			<input id={id} role="combobox" autoComplete="off" spellcheck={false} aria-autocomplete="list" aria-expanded={isOpen}
				aria-controls={`${id}-list`} aria-activedescendant={isOpen && options.length ? `${id}-${active}` : undefined}
				aria-invalid={problem ? true : undefined} aria-describedby={problem ? `${id}-bad` : undefined}
				placeholder={text === '' && value ? value.name : placeholder} required={required} autofocus={autofocus}
				value={text ?? value?.name ?? ''} onKeyDown={onKeyDown} onBlur={() => isAwaited.current || setText(null)}
				onFocus={event => event.currentTarget.select()} onClick={() => text === null && setText('')} onInput={event => { isAwaited.current = false; setText(event.currentTarget.value); }} />
			<ul ref={list} id={`${id}-list`} role="listbox" aria-label={label} hidden={!isOpen}>
				{isOpen && options.map((option, i) => (
					<li key={option.id} id={`${id}-${i}`} role="option" aria-selected={i === active}
						onMouseDown={event => { event.preventDefault(); choose(option); }} onMouseMove={() => setActive(i)}>
						{option.picture}<span class="name">{option.name}</span>
						{option.detail && <span class="quiet">{option.detail}</span>}
					</li>
				))}
			</ul>
			<span class="hidden" role="status">
				{isOpen ? options.length ? t('combobox.found', { n: options.length }) : t('combobox.none') : ''}
			</span>
			{isOpen && !options.length && <p class="none" aria-hidden="true">{t('combobox.none')}</p>}
			{problem && <small id={`${id}-bad`} class="bad">{problem}</small>}
		</div>
	);
};
