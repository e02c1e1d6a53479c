import { t } from '../i18n/t';
import { bindings, layersChanged } from '../state/keys';
import { Dialog } from '../ui/dialog';
import { Keys, SingleKeys } from '../ui/keys';

const always = [
	{ keys: 'Ctrl K', does: 'palette.title' },
	{ keys: 'Ctrl Enter', does: 'key.send' },
	{ keys: 'Esc', does: 'key.leave' },
] as const;

export const Help = ({ onClose }: { onClose: () => void }) => {
	void layersChanged.value;
	return (
		<Dialog title={t('help.title')} onClose={onClose} wide>
			<h3>{t('help.keys')}</h3>
			<dl class="keys">
				{[...bindings(), ...always].map(({ keys, does }) => (
					<div key={keys}><dt><Keys of={keys} /></dt><dd>{t(does)}</dd></div>
				))}
			</dl>
			<SingleKeys />
			<h3>{t('help.search')}</h3>
			<dl class="keys">
				{(['help.search.words', 'help.search.phrase', 'help.search.prefix', 'help.search.not', 'help.search.or', 'help.search.id'] as const).map(key => {
					const [example, ...rest] = t(key).split(' — ');
					return <div key={key}><dt><code>{example}</code></dt><dd>{rest.join(' — ')}</dd></div>;
				})}
			</dl>
			<h3>{t('help.markdown')}</h3>
			<pre class="sample">{t('help.markdown.sample')}</pre>
		</Dialog>
	);
};
