// Sessions are tokens, too: users end here a session that they forgot elsewhere.

import { useState } from 'preact/hooks';
import { ask, get } from '../api/client';
import type { List } from '../api/types';
import { t } from '../i18n/t';
import { mayWrite, session } from '../state/session';
import { Refusal } from '../ui/field';
import { Pager, useList } from '../ui/page';
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

// The answers do not say which token the session has. It is the one that ends in the same second as the session. If
// several do, the console marks none.
const ownAmong = (tokens: Token[]): Token | null => {
	const same = tokens.filter(token => token.expires !== null && token.expires === session.value?.expires);
	return same.length === 1 ? same[0]! : null;
};

const endOthers = async (): Promise<void> => {
	for (;;) {
		const { items, _meta } = await get<List<Token>>('tokens/?per_page=100');
		const others = items.filter(token => token.expires !== session.value?.expires);
		for (const token of others)
			await ask('DELETE', `token/${token.id}`);
		if (!others.length || _meta.total_pages < 2)
			return;
	}
};

export const Tokens = () => {
	const [page, setPage] = useState(1);
	const { list, items, problem, load } = useList<Token>(`tokens/?per_page=50&page=${page}`);
	const [asked, setAsked] = useState<Token | 'make' | 'others' | null>(null);
	const own = ownAmong(items);
	const close = (): void => setAsked(null);
	return (
		<section class="tokens" aria-labelledby="tokens">
			<h2 id="tokens">{t('token.title')}</h2>
			<p class="quiet">{t('token.hint')}</p>
			<Refusal problem={problem} again={() => void load()} />
			<table class="plain" aria-busy={!list && !problem}>
				<caption class="hidden">{t('token.title')}</caption>
				<thead><tr><th>{t('token.name')}</th><th class="wide">{t('token.scope')}</th><th class="wide">{t('token.added')}</th><th>{t('token.used')}</th><th class="wide">{t('token.expires')}</th><th><span class="hidden">{t('admin.actions')}</span></th></tr></thead>
				<tbody>{items.map(token => (
					<tr key={token.id}>
						<td>{token.name ?? <span class="quiet">{t('token.unnamed')}</span>} {token.id === own?.id && <span class="pill open">{t('token.own')}</span>}</td>
						<td class="wide">{t(`token.scope.${token.scope}`)}</td>
						<td class="wide"><Time at={token.date_added} /></td><td>{token.last_used && <Time at={token.last_used} />}</td>
						<td class="wide">{token.expires && <Time at={token.expires} />}</td>
						<td class="menu">{mayWrite() && token.id !== own?.id && <button type="button" aria-label={t('token.end_named', { name: token.name ?? t('token.unnamed') })}
							onClick={() => setAsked(token)}>{t('token.end')}</button>}</td>
					</tr>
				))}</tbody>
			</table>
			<Pager list={list} onPage={setPage} />
			{mayWrite() && <p class="actions">
				<button type="button" onClick={() => setAsked('make')}>{t('token.make')}</button>
				{list && list._meta.total_items > 1 && <button type="button" onClick={() => setAsked('others')}>{t('token.end_others')}</button>}
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
