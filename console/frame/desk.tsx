import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { t } from '../i18n/t';
import { go, place, visits } from '../state/router';
import { mayWrite, me, session } from '../state/session';
import { useKeys, type Binding } from '../state/keys';
import { usePoll } from '../state/poll';
import { undo } from '../state/toasts';
import { standard, countViews, saved } from '../state/views';
import { Icon } from '../ui/icon';
import { Link } from '../ui/link';
import { Help } from './help';
import { Page } from './pages';
import { Palette } from './palette';
import { Side } from './side';

const COUNT_SECONDS = 30;

const isNarrow = (): boolean => matchMedia('(max-width: 640px)').matches;

// At once, so that no key is lost, unless the drawer that it is in has to open first.
const focusSearch = (): void => {
	const focus = (): void => {
		const search = document.querySelector<HTMLInputElement>('#search');
		search?.focus();
		search?.select();
	};
	if (isNarrow())
		requestAnimationFrame(focus);
	else
		focus();
};

// On a phone the lists are a drawer; the page behind it cannot be reached while it is open.
const useDrawer = () => {
	const [isOpen, setOpen] = useState(false);
	const button = useRef<HTMLButtonElement>(null);
	const close = (): void => {
		setOpen(false);
		button.current?.focus();
	};
	useEffect(() => {
		if (!isOpen)
			return;
		const onKey = (event: KeyboardEvent): void => { if (event.key === 'Escape') close(); };
		const onResize = (): void => { if (!isNarrow()) setOpen(false); };
		addEventListener('keydown', onKey);
		addEventListener('resize', onResize);
		return () => { removeEventListener('keydown', onKey); removeEventListener('resize', onResize); };
	}, [isOpen]);
	return { isOpen, button, close, toggle: () => setOpen(!isOpen), leave: () => setOpen(false), open: () => { if (isNarrow()) setOpen(true); } };
};

const usePaletteKey = (open: () => void): void => useEffect(() => {
	const onKey = (event: KeyboardEvent): void => {
		if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 'k'
			&& !document.querySelector('dialog[open]')) {
			event.preventDefault();
			open();
		}
	};
	addEventListener('keydown', onKey);
	return () => removeEventListener('keydown', onKey);
}, []);

export const Desk = () => {
	const drawer = useDrawer();
	const [shown, setShown] = useState<'help' | 'palette' | null>(null);
	usePoll(countViews, COUNT_SECONDS, [me.value?.id, saved.value]);
	// Before the next key, which may open one of them on the new page.
	useLayoutEffect(() => { drawer.leave(); setShown(null); }, [visits.value, place.value]);
	usePaletteKey(() => setShown('palette'));
	useKeys([
		{ keys: '/', does: 'key.search', run: () => { drawer.open(); focusSearch(); } },
		...mayWrite() ? [{ keys: 'c', does: 'key.new', run: () => go('/new') } satisfies Binding] : [],
		{ keys: '?', does: 'key.help', run: () => setShown('help') },
		{ keys: 'z', does: 'key.undo', run: undo },
		{ keys: 'g h', does: 'key.home', run: () => go('/') },
		...standard.value.map((view): Binding => ({ keys: `g ${view.key}`, does: view.name, run: () => go(`/tickets/?${view.query}`) })),
	], true);
	return (
		<>
			<a class="skip" href="#main" onClick={event => { event.preventDefault(); document.getElementById('main')?.focus(); }}>{t('skip')}</a>
			<div class={`desk${drawer.isOpen ? ' open' : ''}`}>
				<header class="top">
					<button ref={drawer.button} type="button" class="plain" aria-expanded={drawer.isOpen} aria-controls="side" onClick={drawer.toggle}>
						<Icon name={drawer.isOpen ? 'close' : 'menu'} /> {t('menu')}
					</button>
					<Link to="/" class="title name">{session.value!.title}</Link>
					{mayWrite() && <Link to="/new" class="button primary"><Icon name="plus" /> {t('new')}</Link>}
				</header>
				<Side onPalette={() => setShown('palette')} onHelp={() => setShown('help')} />
				{drawer.isOpen && <div class="shade" onClick={drawer.close} />}
				<div class="content" inert={drawer.isOpen}><Page /></div>
			</div>
			{shown === 'help' && <Help onClose={() => setShown(null)} />}
			{shown === 'palette' && <Palette onClose={() => setShown(null)} />}
		</>
	);
};
