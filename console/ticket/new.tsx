import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, get, newKey, type Problem } from '../api/client';
import type { List, Ticket } from '../api/types';
import { t } from '../i18n/t';
import { categories, priorities } from '../state/lookups';
import { draftOf, dropDraft, keepDraft } from '../state/drafts';
import { go } from '../state/router';
import { me, session } from '../state/session';
import { countViews } from '../state/views';
import { asProblem, focusFirstBad, Input, Refusal, Select } from '../ui/field';
import { Link } from '../ui/link';
import { StatusPill } from '../ui/pill';
import { CategoryPicker } from '../ui/pickers';
import { EditorField, useEditor } from './editor';

const PAUSE_MS = 400;
const LEAST = 8; // characters of a title before others like it are looked for

// It may have been reported already.
const useSimilar = (title: string): Ticket[] => {
	const [found, setFound] = useState<Ticket[]>([]);
	useEffect(() => {
		const abort = new AbortController();
		const words = title.replace(/["*()#-]/g, ' ').trim();
		const timer = setTimeout(async () => {
			const query = new URLSearchParams({ content: words.split(/\s+/).slice(0, 6).join(' OR '), sort: 'relevance', per_page: '3', fields: 'id,title,status_id' });
			const answer = words.length < LEAST ? null : await get<List<Ticket>>(`tickets/?${query}`, abort.signal).catch(() => null);
			if (!abort.signal.aborted)
				setFound(answer?.items ?? []);
		}, PAUSE_MS);
		return () => { abort.abort(); clearTimeout(timer); };
	}, [title]);
	return found;
};

const lastCategory = (): number | null => {
	const kept = Number(localStorage.getItem(`flicket-category:${me.value!.id}`));
	return categories.value.some(c => c.category_id === kept) ? kept : null;
};

const New = () => {
	const editor = useEditor('new-text');
	const [title, setTitle] = useState(() => draftOf('new-title'));
	const [category, setCategory] = useState(lastCategory);
	const [problem, setProblem] = useState<Problem | null>(null);
	const [isBusy, setBusy] = useState(false);
	const [key, setKey] = useState(() => newKey());
	const form = useRef<HTMLFormElement>(null);
	const similar = useSimilar(title);
	document.title = `${t('new.title')} – ${session.value!.title}`;
	const submit = async (event?: Event): Promise<void> => {
		event?.preventDefault();
		if (isBusy || editor.isSending() || !form.current!.reportValidity())
			return;
		const ids = editor.uploadIds(), priority = Number(new FormData(form.current!).get('ticket_priority_id'));
		setBusy(true);
		setProblem(null);
		try {
			const ticket = await ask<Ticket>('POST', 'tickets/', { key, body: {
				title, content: editor.text, category_id: category, ticket_priority_id: priority, ...ids.length ? { upload_ids: ids } : {},
			} });
			localStorage.setItem(`flicket-category:${me.value!.id}`, String(category));
			editor.clear();
			dropDraft('new-title');
			void countViews().catch(() => {});
			go(`/ticket/${ticket.id}`);
		} catch (reason) {
			const refused = asProblem(reason);
			setProblem(refused);
			if (refused.status >= 400 && refused.status < 500)
				setKey(newKey());
			focusFirstBad(form.current!);
		} finally {
			setBusy(false);
		}
	};
	return (
		<main id="main" class="page new" tabIndex={-1}>
			<h1>{t('new.title')}</h1>
			<form ref={form} onSubmit={submit}>
				<Refusal problem={problem && !problem.field ? problem : null} />
				<Input label={t('ticket.title')} name="title" value={title} required minLength={3} maxLength={128} autofocus problem={problem}
					onInput={event => { setTitle(event.currentTarget.value); keepDraft('new-title', event.currentTarget.value); }} />
				{similar.length > 0 && (
					<section class="similar" aria-live="polite"><p>{t('new.similar')}</p>
						<ul>{similar.map(ticket => (
							<li key={ticket.id}><Link to={`/ticket/${ticket.id}`}>#{ticket.id} {ticket.title}</Link> <StatusPill id={ticket.status_id} /></li>
						))}</ul></section>
				)}
				<EditorField editor={editor} label={t('ticket.text')} rows={10} onSend={() => void submit()} problem={problem?.of('content')}
					placeholder={t('new.hint')} />
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
