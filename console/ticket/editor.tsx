// A field for Markdown: toolbar, preview, files by button, drop and paste, a draft at every key. What it holds is its
// own state, so that a key is drawn here and nowhere else.

import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { t, type Key } from '../i18n/t';
import { draftOf, dropDraft, keepDraft } from '../state/drafts';
import { session } from '../state/session';
import { Markdown } from '../text/markdown';
import { Icon, type IconName } from '../ui/icon';
import { attach, type Attachment } from './uploads';

export interface Editor {
	text: string;
	setText: (text: string) => void;
	insert: (text: string) => void;
	attachments: Attachment[];
	uploadIds: () => number[];
	isSending: () => boolean; // files that are not there yet
	clear: () => void;
	field: RefObject<HTMLTextAreaElement | null>;
	add: (files: Iterable<File>) => void;
	remove: (attachment: Attachment) => void;
	hasDraft: boolean;
}

export const useEditor = (draft: string, initial = ''): Editor => {
	const kept = useRef(draftOf(draft));
	const [text, set] = useState(kept.current || initial);
	const [attachments, setAttachments] = useState<Attachment[]>([]);
	const field = useRef<HTMLTextAreaElement>(null);
	const setText = (next: string): void => {
		set(next);
		if (next !== initial)
			keepDraft(draft, next);
		else
			dropDraft(draft);
	};
	const insert = (more: string): void => {
		const element = field.current!;
		element.focus();
		element.setRangeText(more, element.selectionStart, element.selectionEnd, 'end');
		setText(element.value);
	};
	return {
		text, setText, insert, attachments, field,
		hasDraft: kept.current !== '' && kept.current !== initial && text === kept.current,
		uploadIds: () => attachments.flatMap(a => a.upload.value?.id ?? []),
		isSending: () => attachments.some(a => !a.upload.value && !a.problem.value),
		add: files => setAttachments(before => [...before, ...[...files].map(attach)]),
		remove: attachment => { attachment.cancel(); setAttachments(before => before.filter(a => a !== attachment)); },
		clear: () => { kept.current = ''; set(''); setAttachments([]); dropDraft(draft); },
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
	const selected = value.slice(from, to);
	field.focus();
	if (tool.isLine) {
		const begin = value.lastIndexOf('\n', from - 1) + 1;
		field.setRangeText(value.slice(begin, to).replace(/^/gm, tool.before), begin, to, 'end');
	} else {
		field.setRangeText(tool.before + selected + tool.after, from, to, 'end');
		field.setSelectionRange(from + tool.before.length, from + tool.before.length + selected.length);
	}
	editor.setText(field.value);
};

const File_ = ({ attachment, editor }: { attachment: Attachment; editor: Editor }) => {
	const { problem, upload, progress, name } = attachment;
	const picture = upload.value && /\.(png|jpe?g|gif)$/i.test(name);
	return (
		<li class={problem.value ? 'bad' : ''}>
			<Icon name={problem.value ? 'warning' : 'file'} /> <span class="name">{problem.value || name}</span>
			{!problem.value && !upload.value && <progress value={progress.value} aria-label={name} />}
			{picture && (
				<button type="button" class="plain" onClick={() => editor.insert(`![${name}](${upload.value!.image})`)}>{t('file.show')}</button>
			)}
			<button type="button" class="plain" aria-label={t('file.remove', { name })} onClick={() => editor.remove(attachment)}><Icon name="close" /></button>
		</li>
	);
};

interface FieldProps {
	editor: Editor;
	label: string;
	isLabelHidden?: boolean;
	rows: number;
	placeholder?: string;
	onSend: () => void;
	onLeave?: () => void;
	problem?: string;
	children?: ComponentChildren; // beside the toolbar
}

export const EditorField = ({ editor, label, isLabelHidden, rows, placeholder, onSend, onLeave, problem, children }: FieldProps) => {
	const id = useId();
	const [isPreview, setPreview] = useState(false);
	const [isOver, setOver] = useState(false);
	const files = useRef<HTMLInputElement>(null);
	useEffect(() => {
		if (!isPreview)
			return;
		document.getElementById(`${id}-preview`)?.focus();
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
		} else if (event.key === 'Escape') {
			event.currentTarget instanceof HTMLElement && event.currentTarget.blur();
			onLeave?.();
		}
	};
	return (
		<div class={`editor${isOver ? ' over' : ''}`} onDragOver={event => { event.preventDefault(); setOver(true); }}
			onDragLeave={() => setOver(false)} onDrop={event => { setOver(false); take(event, event.dataTransfer); }}>
			<div class="toolbar">
				<label for={id} class={isLabelHidden ? 'hidden' : ''}>{label}</label>
				<div role="toolbar" aria-label={t('tool.label')}>
					{!isPreview && tools.map(tool => (
						<button key={tool.name} type="button" class="plain" aria-label={t(tool.name)} title={t(tool.name)} onClick={() => apply(editor, tool)}>
							<Icon name={tool.icon} />
						</button>
					))}
					<button type="button" class="plain" aria-pressed={isPreview} onClick={() => setPreview(!isPreview)}>{t('tool.preview')}</button>
				</div>
				{children}
			</div>
			{isPreview
				? <div id={`${id}-preview`} class="preview" tabIndex={0} role="region" aria-label={t('tool.preview')}>
					{editor.text.trim() ? <Markdown source={editor.text} /> : <p class="quiet">{t('tool.nothing')}</p>}
				</div>
				: <textarea id={id} ref={editor.field} rows={rows} value={editor.text} placeholder={placeholder}
					aria-invalid={problem ? true : undefined} aria-describedby={problem ? `${id}-bad` : undefined}
					onInput={event => editor.setText(event.currentTarget.value)} onKeyDown={onKeyDown}
					onPaste={event => take(event, event.clipboardData)} />}
			{problem && <small id={`${id}-bad`} class="bad">{problem}</small>}
			{editor.attachments.length > 0 && (
				<ul class="files">{editor.attachments.map(a => <File_ key={a.name} attachment={a} editor={editor} />)}</ul>
			)}
			<div class="attach">
				<button type="button" onClick={() => files.current!.click()}><Icon name="file" /> {t('file.attach')}</button>
				<input ref={files} type="file" multiple hidden accept={session.value!.limits.upload_extensions.map(e => `.${e}`).join(',')}
					onChange={event => { editor.add(event.currentTarget.files ?? []); event.currentTarget.value = ''; }} />
				<small class="quiet">{t('file.hint')}</small>
			</div>
		</div>
	);
};
