const PICTURE = /\.(png|jpe?g|gif|webp)$/i;

export const isPicture = (name: string): boolean => PICTURE.test(name);

// Characters that turn the direction of what follows can make the name of a program look like that of a picture. They
// are shown as what they are.
const TURNS = /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/g;

export const plainName = (name: string): string => name.replace(TURNS, '\ufffd');
