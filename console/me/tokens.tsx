// Sessions are tokens, too: users end here a session that they forgot elsewhere.

import { useEffect, useState } from 'preact/hooks';
import { ask, type Problem } from '../api/client';
import type { List } from '../api/types';
import { t } from '../i18n/t';
import { all } from '../state/lookups';
import { mayWrite, session } from '../state/session';
import { asProblem, Refusal } from '../ui/field';
import { Pager } from '../ui/page';
import { Removal } from '../ui/removal';
import { Time } from '../ui/time';
import { MakeToken } from './make_token';

interface Token {
	id: number;
	name: string | null;
	scope: 'read' | 'write';
	date_added: string;
	expires: string | null;
	last_used: string | null;
}

const PAGE = 50;

const isOwn = (token: Token): boolean => token.id === session.value?.token_id;

// This session first, then the newest: a later token has a higher id.
const inOrder = (a: Token, b: Token): number => Number(isOwn(b)) - Number(isOwn(a)) || b.id - a.id;

const pageOf = (tokens: Token[], page: number): List<Token> => ({
	items: [...tokens].sort(inOrder).slice((page - 1) * PAGE, page * PAGE),
	_meta: { page, per_page: PAGE, total_items: tokens.length, total_pages: Math.ceil(tokens.length / PAGE) },
});

// The desk lists the oldest first, so even the first page needs all of them.
const useTokens = () => {
	const [tokens, setTokens] = useState<Token[] | null>(null);
	const [problem, setProblem] = useState<Problem | null>(null);
	const load = async (): Promise<void> => {
		try {
			setTokens(await all<Token>('tokens/'));
			setProblem(null);
		} catch (reason) {
			setProblem(asProblem(reason));
		}
	};
	useEffect(() => void load(), [session.value?.token_id]);
	return { tokens, problem, load };
};

// Also those that were made since the list was read.
const endOthers = async (): Promise<void> => {
	for (const token of await all<Token>('tokens/'))
		if (!isOwn(token))
			await ask('DELETE', `token/${token.id}`);
};

export const Tokens = () => {
	const { tokens, problem, load } = useTokens();
	const [page, setPage] = useState(1);
	const list = tokens && pageOf(tokens, Math.max(1, Math.min(page, Math.ceil(tokens.length / PAGE)))); // the last ones may have ended
	const [asked, setAsked] = useState<Token | 'make' | 'others' | null>(null);
	const close = (): void => setAsked(null);
	return (
		<section class="tokens" aria-labelledby="tokens">
			<h2 id="tokens">{t('token.title')}</h2>
			<p class="quiet">{t('token.hint')}</p>
			<Refusal problem={problem} again={() => void load()} />
			<table class="plain" aria-busy={!tokens && !problem}>
				<caption class="hidden">{t('token.title')}</caption>
				<thead><tr><th>{t('token.name')}</th><th class="wide">{t('token.scope')}</th><th class="wide">{t('token.added')}</th><th>{t('token.used')}</th><th class="wide">{t('token.expires')}</th><th><span class="hidden">{t('admin.actions')}</span></th></tr></thead>
				<tbody>{list?.items.map(token => (
					<tr key={token.id}>
						<td>{token.name ?? <span class="quiet">{t('token.unnamed')}</span>} {isOwn(token) && <span class="pill open">{t('token.own')}</span>}</td>
						<td class="wide">{t(`token.scope.${token.scope}`)}</td>
						<td class="wide"><Time at={token.date_added} /></td><td>{token.last_used && <Time at={token.last_used} />}</td>
						<td class="wide">{token.expires && <Time at={token.expires} />}</td>
						<td class="menu">{mayWrite() && !isOwn(token) && <button type="button" aria-label={t('token.end_named', { name: token.name ?? t('token.unnamed') })}
							onClick={() => setAsked(token)}>{t('token.end')}</button>}</td>
					</tr>
				))}</tbody>
			</table>
			<Pager list={list} onPage={setPage} />
			{mayWrite() && <p class="actions">
				<button type="button" onClick={() => setAsked('make')}>{t('token.make')}</button>
				{tokens?.some(isOwn) && tokens.length > 1 && <button type="button" onClick={() => setAsked('others')}>{t('token.end_others')}</button>}
			</p>}
			{asked === 'make' && <MakeToken onClose={close} onMade={() => void load()} />}
			{asked === 'others' && <Removal title={t('token.end_others')} text={t('token.end_others_text')} yes={t('token.end_others')}
				done={t('done.ended')} remove={endOthers} onDone={load} onClose={close} />}
			{asked && asked !== 'make' && asked !== 'others' && <Removal title={t('token.end_title')} yes={t('token.end')} done={t('done.ended')}
				text={t('token.end_text', { name: asked.name ?? t('token.unnamed') })} remove={() => ask('DELETE', `token/${asked.id}`)}
				onDone={load} onClose={close} />}
		</section>
	);
};
