// A field for Markdown: toolbar, preview, files by button, drop and paste, a draft at every key. The text is a signal, so
// that a key draws nothing anew but what it changes.

import { useComputed, useSignal, type ReadonlySignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { t, type Key } from '../i18n/t';
import { draftOf, dropDraft, followDraft, keepDraft, type Draft } from '../state/drafts';
import { session } from '../state/session';
import { say } from '../state/toasts';
import { Markdown } from '../text/markdown';
import { isPicture } from '../text/names';
import { Icon, type IconName } from '../ui/icon';
import { remaining } from './bounds';
import { attach, attached, type Attachment } from './uploads';

// What the author saw when the text was begun.
type Begun = Pick<Draft, 'seen' | 'base'>;

export interface Editor {
	text: ReadonlySignal<string>;
	setText: (text: string) => void;
	insert: (text: string) => void; // at the cursor
	append: (text: string) => void; // as a paragraph of its own, with the cursor behind it
	attachments: Attachment[];
	uploadIds: () => number[];
	isSending: () => boolean; // files that are not there yet
	begun: Begun | null; // null: nothing is written
	clear: () => void;
	discard: () => void;
	field: RefObject<HTMLTextAreaElement | null>;
	add: (files: Iterable<File>) => void;
	remove: (attachment: Attachment) => void;
}

const filesOf = (attachments: Attachment[]): Draft['files'] =>
	attachments.flatMap(({ name, at, upload }) => upload.value ? [{ id: upload.value.id, name, image: upload.value.image, at }] : []);

interface State {
	text: string;
	attachments: Attachment[];
	begun: Begun | null;
}

const stateOf = (draft: Draft | null, initial: string): State => draft
	? { text: draft.text, attachments: (draft.files ?? []).map(attached), begun: { seen: draft.seen, base: draft.base } }
	: { text: initial, attachments: [], begun: null };

export const useEditor = (thing: string, begin: () => Begun, initial = ''): Editor => {
	const [state, setState] = useState(() => stateOf(draftOf(thing), initial));
	const latest = useRef(state), text = useSignal(state.text);
	const field = useRef<HTMLTextAreaElement>(null);
	const show = (next: State): void => {
		latest.current = next;
		text.value = next.text;
		setState(drawn => drawn.attachments === next.attachments && drawn.begun === next.begun ? drawn : next);
	};
	const put = (change: Partial<State>): void => {
		const next = { ...latest.current, ...change };
		const isEmpty = next.text === initial && !next.attachments.length;
		show({ ...next, begun: isEmpty ? null : next.begun ?? begin() });
		keep();
	};
	const keep = (): void => {
		const { text, attachments, begun } = latest.current;
		if (begun)
			keepDraft(thing, { text, ...begun, files: filesOf(attachments) });
		else
			dropDraft(thing);
	};
	const isHere = useRef(true);
	useEffect(() => () => { isHere.current = false; }, []);
	// A file may arrive when its editor is gone. If the draft has another text by then, it stays as it is.
	const keepFile = (): void => {
		if (isHere.current || (draftOf(thing)?.text ?? initial) === latest.current.text)
			keep();
	};
	useEffect(() => followDraft(thing, draft => {
		const next = stateOf(draft, initial);
		show({ ...next, attachments: [...next.attachments, ...latest.current.attachments.filter(a => !a.upload.value)] });
	}), [thing]);
	const setText = (text: string): void => put({ text });
	const clear = (): void => {
		show(stateOf(null, initial));
		dropDraft(thing);
	};
	const discard = (): void => {
		const before = latest.current;
		clear();
		say(t('draft.discarded'), () => put(before));
	};
	const insert = (more: string): void => {
		const element = field.current!;
		if (element.readOnly)
			return;
		element.focus();
		element.setRangeText(more, element.selectionStart, element.selectionEnd, 'end');
		setText(element.value);
	};
	const append = (more: string): void => {
		const element = field.current!, before = latest.current.text;
		if (element.readOnly)
			return;
		element.value = `${before}${before && !before.endsWith('\n\n') ? '\n\n' : ''}${more}`;
		setText(element.value);
		element.focus();
		element.setSelectionRange(element.value.length, element.value.length);
		element.scrollTop = element.scrollHeight;
	};
	const add = (files: Iterable<File>): void => {
		if (!field.current!.readOnly)
			put({ attachments: [...latest.current.attachments, ...[...files].map(file => attach(file, keepFile))] });
	};
	const remove = (attachment: Attachment): void => {
		attachment.cancel();
		put({ attachments: latest.current.attachments.filter(a => a !== attachment) });
	};
	return {
		text, attachments: state.attachments, begun: state.begun, setText, insert, append, field, clear, discard, add, remove,
		uploadIds: () => latest.current.attachments.flatMap(a => a.upload.value?.id ?? []),
		isSending: () => latest.current.attachments.some(a => !a.upload.value && !a.problem.value),
	};
};

interface Tool {
	icon: IconName;
	name: Key;
	before: string;
	after: string;
	isLine?: boolean;
}

const tools: Tool[] = [
	{ icon: 'bold', name: 'tool.bold', before: '**', after: '**' },
	{ icon: 'italic', name: 'tool.italic', before: '_', after: '_' },
	{ icon: 'code', name: 'tool.code', before: '`', after: '`' },
	{ icon: 'link', name: 'tool.link', before: '[', after: '](https://)' },
	{ icon: 'list', name: 'tool.list', before: '- ', after: '', isLine: true },
	{ icon: 'quote', name: 'tool.quote', before: '> ', after: '', isLine: true },
];

const apply = (editor: Editor, tool: Tool): void => {
	const field = editor.field.current!;
	const { selectionStart: from, selectionEnd: to, value } = field;
	if (field.readOnly)
		return;
	const selected = value.slice(from, to);
	field.focus();
	if (tool.isLine) {
		const begin = from === 0 ? 0 : value.lastIndexOf('\n', from - 1) + 1;
		field.setRangeText(value.slice(begin, to).replace(/^/gm, tool.before), begin, to, 'end');
	} else {
		field.setRangeText(tool.before + selected + tool.after, from, to, 'end');
		field.setSelectionRange(from + tool.before.length, from + tool.before.length + selected.length);
	}
	editor.setText(field.value);
};

const FileItem = ({ attachment, editor }: { attachment: Attachment; editor: Editor }) => {
	const { problem, upload, progress, name, again } = attachment;
	return (
		<li class={problem.value ? 'bad' : ''}>
			<Icon name={problem.value ? 'warning' : 'file'} /> <bdi class="name" role={problem.value ? 'alert' : undefined}>{problem.value || name}</bdi>
			{!problem.value && !upload.value && <progress value={progress.value} aria-label={name} />}
			{problem.value && again && <button type="button" onClick={again}>{t('problem.again')}</button>}
			{upload.value && isPicture(name) && (
				<button type="button" class="plain" onClick={() => editor.insert(`![${name.replace(/[[\]\\]/g, '\\$&')}](${upload.value!.image})`)}>{t('file.show')}</button>
			)}
			<button type="button" class="plain" aria-label={t('file.remove', { name })} onClick={() => editor.remove(attachment)}><Icon name="close" /></button>
		</li>
	);
};

const Toolbar = ({ editor, id, isPreview, onPreview }: { editor: Editor; id: string; isPreview: boolean; onPreview: () => void }) => (
	<div role="toolbar" aria-label={t('tool.label')} aria-controls={id}>
		{tools.map(tool => (
			<button key={tool.name} type="button" class="plain" aria-label={t(tool.name)} title={t(tool.name)} disabled={isPreview}
				onClick={() => apply(editor, tool)}>
				<Icon name={tool.icon} />
			</button>
		))}
		<button type="button" class="plain" aria-pressed={isPreview} onClick={onPreview}>{t('tool.preview')}</button>
	</div>
);

const Attach = ({ editor }: { editor: Editor }) => {
	const input = useRef<HTMLInputElement>(null);
	return (
		<div class="attach">
			<button type="button" onClick={() => input.current!.click()}><Icon name="file" /> {t('file.attach')}</button>
			<input ref={input} type="file" multiple hidden accept={session.value!.limits.upload_extensions.map(e => `.${e}`).join(',')}
				onChange={event => { editor.add(event.currentTarget.files ?? []); event.currentTarget.value = ''; }} />
			<small class="quiet">{t('file.hint')}</small>
		</div>
	);
};

interface FieldProps {
	editor: Editor;
	label: string;
	note?: string; // who will read it
	rows: number;
	placeholder?: string;
	required?: boolean;
	isBusy: boolean; // it is being sent: what came to it now would be lost
	onSend: () => void;
	problem?: string;
}

export const EditorField = ({ editor, label, note, rows, placeholder, required, isBusy, onSend, problem }: FieldProps) => {
	const id = useId();
	const [isPreview, setPreview] = useState(false);
	const [isOver, setOver] = useState(false);
	const preview = useRef<HTMLDivElement>(null);
	const wasPreview = useRef(false);
	useEffect(() => {
		if (isPreview)
			preview.current!.focus();
		else if (wasPreview.current)
			editor.field.current!.focus();
		wasPreview.current = isPreview;
	}, [isPreview]);
	const take = (event: Event, from: DataTransfer | null): void => {
		if (!from?.files.length)
			return;
		event.preventDefault();
		editor.add(from.files);
	};
	const onKeyDown = (event: KeyboardEvent): void => {
		if (event.isComposing)
			return;
		if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
			event.preventDefault();
			onSend();
		} else if (event.key === 'Escape' && event.target === editor.field.current) {
			event.preventDefault(); // a dialog around it stays
			editor.field.current!.blur();
		}
	};
	const length = useComputed(() => remaining(editor.text.value)).value;
	const described = [note && `${id}-note`, problem && `${id}-bad`].filter(Boolean).join(' ') || undefined;
	return (
		<div class={`editor${isOver ? ' over' : ''}`} onKeyDown={onKeyDown}
			onDragOver={event => {
				if (event.dataTransfer?.types.includes('Files')) {
					event.preventDefault();
					setOver(true);
				}
			}}
			onDragLeave={event => { if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false); }}
			onDrop={event => { setOver(false); take(event, event.dataTransfer); }}>
			<div class="toolbar">
				<span class="who"><label for={id}>{label}</label>{note && <small id={`${id}-note`} class="quiet">{note}</small>}</span>
				<Toolbar editor={editor} id={id} isPreview={isPreview} onPreview={() => setPreview(!isPreview)} />
			</div>
			{isPreview && (
				<div ref={preview} class="preview" tabIndex={0} role="region" aria-label={t('tool.preview')}>
					{editor.text.value.trim() ? <Markdown source={editor.text.value} /> : <p class="quiet">{t('tool.nothing')}</p>}
				</div>
			)}
			<textarea id={id} ref={editor.field} rows={rows} value={editor.text} placeholder={placeholder} hidden={isPreview} required={required} readOnly={isBusy} dir="auto"
				aria-invalid={problem ? true : undefined} aria-describedby={described}
				onInput={event => editor.setText(event.currentTarget.value)} onPaste={event => take(event, event.clipboardData)} />
			{problem && <small id={`${id}-bad`} class="bad" role="alert">{problem}</small>}
			{!problem && length && <small class="quiet" role="status">{length}</small>}
			{editor.attachments.length > 0 && (
				<ul class="files">{editor.attachments.map(a => <FileItem key={a.id} attachment={a} editor={editor} />)}</ul>
			)}
			<div class="below">
				<Attach editor={editor} />
				{editor.begun && (
					<span class="chip">{t('draft.kept')} <button type="button" class="plain" onClick={editor.discard}>{t('draft.discard')}</button></span>
				)}
			</div>
		</div>
	);
};
