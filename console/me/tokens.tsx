// Sessions are tokens, too: whoever forgot to log out elsewhere ends it here.
import { useState } from 'preact/hooks';
import { ask, type Problem } from '../api/client';
import { t } from '../i18n/t';
import { me } from '../state/session';
import { say } from '../state/toasts';
import { asProblem, Check, Input, Refusal, Select } from '../ui/field';
import { Confirm, Dialog } from '../ui/dialog';
import { attempt, Pager, useList } from '../ui/page';
import { Time } from '../ui/time';

interface Token {
	id: number;
	name: string | null;
	scope: 'read' | 'write';
	date_added: string;
	expires: string | null;
	last_used: string | null;
}

const DAYS = [1, 30, 90, 365] as const;
const DAY_SECONDS = 86400;

// A token is made with the password, so that a session that was left open cannot make one that outlives it.
const MakeDialog = ({ onClose, onMade }: { onClose: () => void; onMade: () => void }) => {
	const [problem, setProblem] = useState<Problem | null>(null);
	const [made, setMade] = useState('');
	const submit = async (event: Event): Promise<void> => {
		event.preventDefault();
		const fields = new FormData(event.currentTarget as HTMLFormElement);
		const login = new TextEncoder().encode(`${me.value!.username}:${fields.get('password')}`);
		try {
			const token = await ask<{ token: string }>('POST', 'tokens', {
				headers: { Authorization: `Basic ${btoa(String.fromCharCode(...login))}` },
				body: { name: fields.get('name'), scope: fields.has('read') ? 'read' : 'write', expires_in: Number(fields.get('days')) * DAY_SECONDS },
			});
			setMade(token.token);
			onMade();
		} catch (reason) {
			setProblem(asProblem(reason));
		}
	};
	if (made)
		return (
			<Dialog title={t('token.made')} onClose={onClose}>
				<p>{t('token.once')}</p>
				<input readOnly value={made} aria-label={t('token.made')} onFocus={event => event.currentTarget.select()} autofocus />
				<div class="actions"><button type="button" class="primary"
					onClick={() => void navigator.clipboard?.writeText(made).then(() => say(t('done.copied')))}>{t('token.copy')}</button></div>
			</Dialog>
		);
	return (
		<Dialog title={t('token.make')} onClose={onClose}>
			<form onSubmit={submit}>
				{problem?.status === 401 ? <p class="refusal" role="alert">{t('login.wrong')}</p> : <Refusal problem={problem} />}
				<Input label={t('token.name')} name="name" required maxLength={60} autofocus problem={problem} />
				<Select label={t('token.life')} name="days" problem={problem}>{DAYS.map(n => <option key={n} value={n}>{t('token.days', { n })}</option>)}</Select>
				<Check label={t('token.read')} name="read" />
				<Input label={t('login.password')} name="password" type="password" required autoComplete="current-password" />
				<button class="primary">{t('token.make')}</button>
			</form>
		</Dialog>
	);
};

export const Tokens = () => {
	const [page, setPage] = useState(1);
	const { list, items, problem, load } = useList<Token>(`tokens/?per_page=50&page=${page}`);
	const [asked, setAsked] = useState<Token | 'make' | null>(null);
	const end = async (token: Token): Promise<void> => {
		setAsked(null);
		if (await attempt(() => ask('DELETE', `token/${token.id}`), t('done.ended')))
			await load();
	};
	return (
		<section>
			<h2>{t('token.title')}</h2>
			<Refusal problem={problem} again={() => void load()} />
			<table class="plain">
				<caption class="hidden">{t('token.title')}</caption>
				<thead><tr><th>{t('token.name')}</th><th>{t('token.scope')}</th><th class="wide">{t('token.added')}</th><th>{t('token.used')}</th><th class="wide">{t('token.expires')}</th><th /></tr></thead>
				<tbody>{items.map(token => (
					<tr key={token.id}>
						<td>{token.name ?? <span class="quiet">{t('token.unnamed')}</span>}</td><td>{t(`token.scope.${token.scope}`)}</td>
						<td class="wide"><Time at={token.date_added} /></td><td>{token.last_used && <Time at={token.last_used} />}</td>
						<td class="wide">{token.expires && <Time at={token.expires} />}</td>
						<td><button type="button" onClick={() => setAsked(token)}>{t('token.end')}</button></td>
					</tr>
				))}</tbody>
			</table>
			<Pager list={list} onPage={setPage} />
			<button type="button" onClick={() => setAsked('make')}>{t('token.make')}</button>
			{asked === 'make' && <MakeDialog onClose={() => setAsked(null)} onMade={() => void load()} />}
			{asked && asked !== 'make' && <Confirm title={t('token.end')} text={t('token.end_text', { name: asked.name ?? t('token.unnamed') })} yes={t('token.end')}
				onYes={() => void end(asked)} onNo={() => setAsked(null)} />}
		</section>
	);
};
