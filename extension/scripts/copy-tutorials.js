/** Puts the notebooks beside the built extension, where JupyterLab's server serves them. */
const fs = require('node:fs');
const path = require('node:path');

const source = path.join(__dirname, '..', '..', 'notebooks');
const target = path.join(__dirname, '..', 'labextension', 'tutorials');

const files = fs
  .readdirSync(source, { recursive: true, withFileTypes: true })
  .filter(entry => entry.isFile())
  .map(entry => path.relative(source, path.join(entry.parentPath, entry.name)))
  .map(name => name.split(path.sep).join('/'))
  .filter(name => !name.split('/').some(part => part.startsWith('.') || part === '__pycache__'))
  .sort();

fs.rmSync(target, { recursive: true, force: true });
for (const name of files) {
  const copy = path.join(target, name);
  fs.mkdirSync(path.dirname(copy), { recursive: true });
  fs.copyFileSync(path.join(source, name), copy);
}
fs.writeFileSync(path.join(target, 'index.json'), JSON.stringify(files, null, 1));
