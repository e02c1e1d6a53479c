// A new ticket. While its author writes the title, the page shows tickets like it: somebody may have reported it already.

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { get, type Problem } from '../api/client';
import type { List, Ticket } from '../api/types';
import { t } from '../i18n/t';
import { categories, priorities } from '../state/lookups';
import { draftOf, dropDraft, followDraft, keepDraft } from '../state/drafts';
import { guarded } from '../state/storage';
import { go } from '../state/router';
import { mayWrite, me, session } from '../state/session';
import { countViews } from '../state/views';
import { asProblem, focusFirstBad, Input, Refusal, Select } from '../ui/field';
import { Link } from '../ui/link';
import { StatusPill } from '../ui/pill';
import { CategoryPicker } from '../ui/pickers';
import { MOST_OF_TITLE, outOfBounds } from './bounds';
import { EditorField, useEditor } from './editor';
import { useSend } from './send';

const PAUSE_MS = 400;
const LEAST = 8; // characters of a title before others like it are looked for
const WORDS = 6;

const wordsOf = (title: string): string[] => (title.match(/[\p{L}\p{N}]{3,}/gu) ?? []).slice(0, WORDS);

const useSimilar = (title: string): Ticket[] => {
	const [found, setFound] = useState<Ticket[]>([]);
	useEffect(() => {
		const abort = new AbortController(), words = wordsOf(title);
		const timer = setTimeout(async () => {
			const query = new URLSearchParams({ content: words.join(' OR '), sort: 'relevance', per_page: '3', fields: 'id,title,status_id' });
			const answer = title.trim().length < LEAST || !words.length ? null
				: await get<List<Ticket>>(`tickets/?${query}`, abort.signal).catch(() => null);
			if (!abort.signal.aborted)
				setFound(answer?.items ?? []);
		}, PAUSE_MS);
		return () => { abort.abort(); clearTimeout(timer); };
	}, [title]);
	return found;
};

const Similar = ({ title }: { title: string }) => {
	const found = useSimilar(title);
	return (
		<div aria-live="polite">{found.length > 0 && (
			<section class="similar"><p>{t('new.similar')}</p>
				<ul>{found.map(ticket => (
					<li key={ticket.id}><Link to={`/ticket/${ticket.id}`}>#{ticket.id} <bdi>{ticket.title}</bdi></Link> <StatusPill id={ticket.status_id} /></li>
				))}</ul></section>
		)}</div>
	);
};

const TITLE = 'new-title';

const useTitle = () => {
	const [title, setTitle] = useState(() => draftOf(TITLE)?.text ?? '');
	useEffect(() => followDraft(TITLE, draft => setTitle(draft?.text ?? '')), []);
	const change = (text: string): void => { setTitle(text); keepDraft(TITLE, { text }); };
	return { title, change, drop: () => dropDraft(TITLE) };
};

const categoryKey = (): string => `flicket-category:${me.value!.id}`;

const lastCategory = (): number | null => {
	const kept = Number(guarded(() => localStorage.getItem(categoryKey())));
	return categories.value.some(c => c.category_id === kept) ? kept : null;
};

const New = () => {
	const editor = useEditor('new-text', () => ({}));
	const { title, change, drop } = useTitle();
	const [category, setCategory] = useState(lastCategory);
	const [problem, setProblem] = useState<Problem | null>(null);
	const [wrong, setWrong] = useState<string | undefined>();
	const form = useRef<HTMLFormElement>(null);
	const { isBusy, send } = useSend('tickets/');
	useLayoutEffect(() => form.current?.querySelector<HTMLInputElement>('[name=title]')?.focus(), []);
	document.title = `${t('new.title')} – ${session.value!.title}`;
	const submit = async (event?: Event): Promise<void> => {
		event?.preventDefault();
		const why = outOfBounds(editor.text.value), fields = new FormData(form.current!), ids = editor.uploadIds();
		setProblem(null);
		setWrong(why);
		if (!form.current!.reportValidity() || editor.isSending())
			return;
		if (why)
			return focusFirstBad(form.current!);
		try {
			const ticket = await send<Ticket>({
				title, content: editor.text.value, category_id: category, ticket_priority_id: Number(fields.get('ticket_priority_id')),
				...ids.length ? { upload_ids: ids } : {},
			});
			if (!ticket)
				return;
			guarded(() => localStorage.setItem(categoryKey(), String(category)));
			editor.clear();
			drop();
			void countViews().catch(() => {});
			go(`/ticket/${ticket.id}`);
		} catch (reason) {
			if (asProblem(reason).status === 401) // the login is asked for above the page
				return;
			setProblem(asProblem(reason));
			focusFirstBad(form.current!);
		}
	};
	if (!mayWrite())
		return <main id="main" class="page" tabIndex={-1}><header class="bar"><h1>{t('new.title')}</h1></header><p>{t('problem.read_only')}</p></main>;
	return (
		<main id="main" class="page new" tabIndex={-1}>
			<header class="bar"><h1>{t('new.title')}</h1></header>
			<form ref={form} onSubmit={event => void submit(event)}>
				<Refusal problem={problem && !['title', 'content', 'category_id', 'ticket_priority_id'].includes(problem.field) ? problem : null} />
				<Input label={t('ticket.title')} name="title" value={title} required minLength={3} maxLength={MOST_OF_TITLE} autofocus problem={problem}
					onInput={event => change(event.currentTarget.value)} />
				<Similar title={title} />
				<EditorField editor={editor} label={t('ticket.text')} note={t('new.readers')} rows={10} isBusy={isBusy} onSend={() => void submit()}
					problem={wrong ?? problem?.of('content')} placeholder={t('new.hint')} required />
				<div class="two">
					<CategoryPicker value={category} onChoose={setCategory} problem={problem?.of('category_id')} />
					<Select label={t('ticket.priority')} name="ticket_priority_id" problem={problem}>
						{priorities.value.map(p => <option key={p.id} value={p.id}>{p.priority}</option>)}
					</Select>
				</div>
				<button class="primary" disabled={isBusy}>{isBusy ? t('login.busy') : t('new.create')}</button>
			</form>
		</main>
	);
};

export default New;
