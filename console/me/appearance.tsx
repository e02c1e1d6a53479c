import { t } from '../i18n/t';
import { DENSITIES, density, THEMES, theme } from '../state/settings';
import { SingleKeys } from '../ui/keys';

export const Appearance = () => (
	<section aria-labelledby="appearance">
		<h2 id="appearance">{t('me.appearance')}</h2>
		<p class="quiet">{t('me.appearance_hint')}</p>
		<fieldset><legend>{t('me.theme')}</legend>{THEMES.map(value => (
			<label key={value} class="check"><input type="radio" name="theme" checked={theme.value === value} onChange={() => { theme.value = value; }} /> {t(`theme.${value}`)}</label>
		))}</fieldset>
		<fieldset><legend>{t('me.density')}</legend>{DENSITIES.map(value => (
			<label key={value} class="check"><input type="radio" name="density" checked={density.value === value} onChange={() => { density.value = value; }} /> {t(`density.${value}`)}</label>
		))}</fieldset>
		<SingleKeys />
	</section>
);
