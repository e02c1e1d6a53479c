import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n/t';
import { go, pathOf, place } from '../state/router';
import { me, session } from '../state/session';
import { useKeys, type Binding } from '../state/keys';
import { usePoll } from '../state/poll';
import { standard, counts, countViews, saved } from '../state/views';
import { Icon } from '../ui/icon';
import { Help } from './help';
import { Page } from './pages';
import { Palette } from './palette';
import { Side } from './side';

const COUNT_SECONDS = 30;

export const focusSearch = (): void => document.querySelector<HTMLInputElement>('#search')?.focus();

export const Desk = () => {
	const [isOpen, setOpen] = useState(false);
	const [shown, setShown] = useState<'help' | 'palette' | null>(null);
	const path = pathOf(place.value);
	usePoll(countViews, COUNT_SECONDS, [me.value?.id, saved.value]);
	useEffect(() => setOpen(false), [path]);
	useEffect(() => {
		const onKey = (event: KeyboardEvent): void => {
			if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k' && !document.querySelector('dialog[open]')) {
				event.preventDefault();
				setShown('palette');
			}
		};
		addEventListener('keydown', onKey);
		return () => removeEventListener('keydown', onKey);
	}, []);
	useKeys([
		{ keys: '/', does: 'key.search', run: () => { setOpen(true); requestAnimationFrame(focusSearch); } },
		{ keys: 'c', does: 'key.new', run: () => go('/new') },
		{ keys: '?', does: 'key.help', run: () => setShown('help') },
		{ keys: 'g h', does: 'key.home', run: () => go('/') },
		...standard.value.map((view): Binding => ({ keys: `g ${view.key}`, does: view.name, run: () => go(`/tickets/?${view.query}`) })),
	]);
	void counts.value;
	return (
		<>
			<a class="skip" href="#main" onClick={event => { event.preventDefault(); document.getElementById('main')?.focus(); }}>{t('skip')}</a>
			<div class={`desk${isOpen ? ' open' : ''}`}>
				<header class="top">
					<button type="button" class="plain" aria-expanded={isOpen} aria-controls="side" onClick={() => setOpen(!isOpen)}>
						<Icon name={isOpen ? 'close' : 'menu'} /> {t('menu')}
					</button>
					<b>{session.value!.title}</b>
				</header>
				<Side onPalette={() => setShown('palette')} onHelp={() => setShown('help')} />
				{isOpen && <div class="shade" onClick={() => setOpen(false)} />}
				<Page />
			</div>
			{shown === 'help' && <Help onClose={() => setShown(null)} />}
			{shown === 'palette' && <Palette onClose={() => setShown(null)} onHelp={() => setShown('help')} />}
		</>
	);
};
