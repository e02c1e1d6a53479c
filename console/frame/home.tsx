// The first page: an agent's open work, the first three steps on a new desk, and the state of the tickets.

import { useEffect, useState } from 'preact/hooks';
import { get } from '../api/client';
import type { List, Ticket, User } from '../api/types';
import { number, t } from '../i18n/t';
import { departments, statuses } from '../state/lookups';
import { usePoll } from '../state/poll';
import { hasRight, mayWrite, me } from '../state/session';
import { doneSteps, doStep, type Step } from '../state/steps';
import { counts, standardView, type Standard } from '../state/views';
import { Icon } from '../ui/icon';
import { Link } from '../ui/link';
import { Page } from '../ui/page';
import { PriorityBars, StatusPill } from '../ui/pill';
import { Time } from '../ui/time';

interface Facets {
	total: number;
	department_status: { department_id: number; status_id: number; count: number }[];
}

const SECONDS = 30;
const WORK = 8;
const CARDS = ['mine', 'unassigned', 'open', 'unread', 'reported', 'followed'];
const CARDS_OF_REPORTERS = ['reported', 'followed', 'unread', 'open'];

const Card = ({ name, query, icon }: Standard) => (
	<li><Link to={`/tickets/?${query}`} class="card">
		<Icon name={icon} /><span class="name">{t(name)}</span>
		<b>{counts.value.has(query) ? number(counts.value.get(query)!) : '–'}</b>
	</Link></li>
);

// The first tickets of a list.
const Work = ({ of }: { of: Standard }) => {
	const [tickets, setTickets] = useState<Ticket[] | null>(null);
	usePoll(async signal => {
		const query = `${of.query}&sort=last_updated_desc&per_page=${WORK}`;
		const fields = 'id,title,status_id,ticket_priority_id,last_updated,date_added';
		setTickets((await get<List<Ticket>>(`tickets/?${query}&fields=${fields}`, signal)).items);
	}, SECONDS, [of.query]);
	return tickets && (
		<section class="work">
			<header><h2>{t(of.name)}</h2>{tickets.length > 0 && <Link to={`/tickets/?${of.query}`}>{t('home.all')}</Link>}</header>
			{tickets.length === 0 && <p class="quiet">{t('home.nothing')}</p>}
			<ul>{tickets.map(ticket => (
				<li key={ticket.id}>
					<PriorityBars id={ticket.ticket_priority_id} />
					<Link to={`/ticket/${ticket.id}`}><span class="quiet">#{ticket.id}</span> {ticket.title}</Link>
					<StatusPill id={ticket.status_id} />
					<Time at={ticket.last_updated ?? ticket.date_added} />
				</li>
			))}</ul>
		</section>
	);
};

const TONES = 5;

// A bar for each status, with its number beside it.
const Standing = ({ facets }: { facets: Facets }) => {
	const of = (department: number, status: number): number =>
		facets.department_status.find(c => c.department_id === department && c.status_id === status)?.count ?? 0;
	const rows = departments.value.map(d => ({ ...d, counts: statuses.value.map(s => of(d.id, s.id)) }));
	const most = Math.max(1, ...rows.map(row => row.counts.reduce((a, b) => a + b, 0)));
	return (
		<section class="standing">
			<h2 id="standing">{t('home.standing')}</h2>
			<div class="scroll" role="region" aria-labelledby="standing" tabIndex={0}>
				<table>
					<thead><tr><th scope="col">{t('ticket.department')}</th>
						<td class="bars" aria-hidden="true" />
						{statuses.value.map((s, i) => <th key={s.id} scope="col" class="number"><i class={`dot bar${i % TONES}`} />{s.status}</th>)}</tr></thead>
					<tbody>{rows.map(row => (
						<tr key={row.id}>
							<th scope="row">{row.department}</th>
							<td class="bars"><svg viewBox="0 0 100 8" preserveAspectRatio="none" width="100%" height="8" aria-hidden="true">
								{row.counts.map((count, i) => (
									<rect key={i} class={`bar${i % TONES}`} y="0" height="8" width={count * 100 / most}
										x={row.counts.slice(0, i).reduce((a, b) => a + b, 0) * 100 / most} />
								))}
							</svg></td>
							{row.counts.map((count, i) => (
								<td key={i} class="number">
									<Link to={`/tickets/?department_id=${row.id}&status_id=${statuses.value[i]!.id}`}>{number(count)}</Link>
								</td>
							))}
						</tr>
					))}</tbody>
				</table>
			</div>
		</section>
	);
};

const STEPS = [
	{ step: 'departments', to: '/departments/', icon: 'departments' },
	{ step: 'people', to: '/admin/users', icon: 'people' },
	{ step: 'ticket', to: '/new', icon: 'plus' },
] as const;

const NEW = 20; // tickets that a desk has while it is new
const BUILT_IN = 'notification'; // the user that comes with each desk beside its admin

// The steps that are left. A desk comes with departments as examples: they are done when the admin changes them or says
// that they are right, or when the first ticket has found its place. null: not known yet.
const useSteps = (total: number): readonly Step[] | null => {
	const [isAlone, setAlone] = useState<boolean | null>(null);
	const isAsked = total < NEW && mayWrite() && hasRight('admin');
	useEffect(() => {
		if (isAsked)
			get<List<User>>('users/?per_page=3&fields=id,username').then(({ items }) =>
				setAlone(!items.some(user => user.id !== me.value?.id && user.username !== BUILT_IN)), () => setAlone(false));
	}, [isAsked]);
	if (!isAsked || isAlone === null)
		return isAsked ? null : [];
	const isDone = { departments: total > 0, people: !isAlone, ticket: total > 0 }, said = doneSteps();
	return STEPS.map(({ step }) => step).filter(step => !isDone[step] && !said.includes(step));
};

const FirstSteps = ({ left }: { left: readonly Step[] }) => (
	<section class="first">
		<h2>{t('home.first', { n: left.length })}</h2>
		<ol>{STEPS.filter(({ step }) => left.includes(step)).map(({ step, to, icon }) => (
			<li key={step} class="card">
				<Link to={to}><Icon name={icon} /><b>{t(`home.first.${step}`)}</b><span class="quiet">{t(`home.first.${step}_text`)}</span></Link>
				{step !== 'ticket' && (
					<button type="button" class="plain" aria-label={t('home.first.done_named', { name: t(`home.first.${step}`) })} onClick={() => {
						doStep(step);
						document.getElementById('main')?.focus({ preventScroll: true });
					}}><Icon name="check" /> {t('home.first.done')}</button>
				)}
			</li>
		))}</ol>
	</section>
);

export const Home = () => {
	const [facets, setFacets] = useState<Facets | null>(null);
	usePoll(async signal => setFacets(await get<Facets>('tickets/counts?by=department_status', signal)), SECONDS, [me.value?.id]);
	const isStaff = hasRight('staff') || hasRight('admin');
	const left = useSteps(facets?.total ?? NEW);
	return (
		<Page title={t('home.title')} heading={t('home.greeting', { name: me.value!.name })}>
			{left && left.length > 0 && <FirstSteps left={left} />}
			{left && !(facets?.total === 0 && left.length > 0) && <>
				<ul class="cards">{(isStaff ? CARDS : CARDS_OF_REPORTERS).map(name => <Card {...standardView(name)} key={name} />)}</ul>
				<Work of={standardView(isStaff ? 'mine' : 'reported')} />
			</>}
			{facets && facets.total > 0 && <Standing facets={facets} />}
		</Page>
	);
};
