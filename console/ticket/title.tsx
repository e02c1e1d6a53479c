// The title, edited in its place.

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../api/client';
import { t } from '../i18n/t';
import { closedId } from '../state/lookups';
import { asProblem, checkLength, explain } from '../ui/field';
import { MOST_OF_TITLE } from './bounds';
import { changeSeen, Overtaken } from './change';
import { ticketPath, type Thread, type TicketBody } from './data';
import { mayEdit } from './rights';

const Form = ({ begun, onDone, onChange }: { begun: Thread; onDone: () => void; onChange: () => Promise<void> }) => {
	const { ticket } = begun;
	const [text, setText] = useState(ticket.title);
	const [shown, setShown] = useState({ thing: begun.body, etag: begun.etag }); // what the author has seen
	const [why, setWhy] = useState('');
	const [isBusy, setBusy] = useState(false);
	const field = useRef<HTMLInputElement>(null);
	const path = ticketPath(ticket.id);
	useLayoutEffect(() => field.current!.focus(), []); // browsers do so by themselves only once for each page
	const save = async (event: Event): Promise<void> => {
		event.preventDefault();
		setBusy(true);
		setWhy('');
		try {
			await changeSeen<TicketBody>({ path, ...shown }, ['title'], headers => ask('PATCH', `ticket/${ticket.id}`, { body: { title: text }, headers }));
			await onChange();
			onDone();
		} catch (reason) {
			if (reason instanceof Overtaken) {
				const now = reason.now as TicketBody;
				setShown({ thing: now, etag: reason.etag });
				setWhy(t('overtaken.title', { now: now.title }));
			} else if (asProblem(reason).status !== 401)
				setWhy(explain(asProblem(reason)));
			setBusy(false);
		}
	};
	return (
		<form class="title" onSubmit={event => void save(event)}>
			<input ref={field} aria-label={t('ticket.title')} value={text} minLength={3} required dir="auto"
				aria-invalid={why ? true : undefined} aria-describedby={why ? 'title-bad' : undefined}
				onInput={event => { checkLength(event.currentTarget, MOST_OF_TITLE); setText(event.currentTarget.value); }} onKeyDown={event => event.key === 'Escape' && onDone()}
				onFocus={event => event.currentTarget.setSelectionRange(text.length, text.length)} />
			<button class="primary" disabled={isBusy}>{shown.thing === begun.body ? t('text.save') : t('edit.anyway')}</button>
			<button type="button" onClick={onDone}>{t('dialog.cancel')}</button>
			{why && <small id="title-bad" class="bad" role="alert">{why}</small>}
		</form>
	);
};

export const Title = ({ thread, onChange }: { thread: Thread; onChange: () => Promise<void> }) => {
	const [begun, setBegun] = useState<Thread | null>(null);
	const heading = useRef<HTMLHeadingElement>(null);
	const wasEdited = useRef(false);
	const { ticket } = thread;
	useEffect(() => {
		if (wasEdited.current && !begun)
			(heading.current!.querySelector('button') ?? heading.current!).focus(); // the field that had the focus is gone
		wasEdited.current = begun !== null;
	}, [begun]);
	if (begun)
		return <Form begun={begun} onDone={() => setBegun(null)} onChange={onChange} />;
	return (
		<h1 ref={heading} tabIndex={-1}><bdi>{ticket.title}</bdi>{mayEdit(ticket.started_id) && ticket.status_id !== closedId.value && (
			<button type="button" class="plain" aria-label={t('ticket.edit_title')} onClick={() => setBegun(thread)}>{t('text.edit')}</button>
		)}</h1>
	);
};
