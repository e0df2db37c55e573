import { languageOf, NUMBER, OPERATOR, PUNCTUATION, STRING, words } from './rules';

const OPERATIONS = words(`ret br switch invoke unreachable add fadd sub fsub mul fmul udiv sdiv fdiv
  urem srem frem shl lshr ashr and or xor fneg extractelement insertelement shufflevector
  extractvalue insertvalue alloca load store fence cmpxchg atomicrmw getelementptr trunc zext sext
  fptrunc fpext fptoui fptosi uitofp sitofp ptrtoint inttoptr bitcast icmp fcmp phi select freeze
  call tail`);

const KEYWORDS = words(`define declare target datalayout triple source_filename attributes global
  constant private internal external unnamed_addr local_unnamed_addr align nuw nsw inbounds exact
  nocapture noundef nonnull readonly writeonly readnone noalias nofree to label eq ne slt sle sgt sge
  ult ule ugt uge olt ole ogt oge oeq one ord uno ueq une true false null undef poison
  zeroinitializer nounwind memory captures none fast contract reassoc`);

export const llvm = languageOf([
  [/^;.*/, 'comment'],
  STRING,
  [/^[-\w.$]+:/, 'labelName'],
  [/^%[-\w.$]+/, 'variableName'],
  [/^@[-\w.$]+/, 'variableName.definition'],
  [/^[!#][-\w.$]*/, 'meta'],
  [/^(?:i\d+|half|bfloat|float|double|ptr|void|label|metadata|x86_\w+)(?!\w)/, 'typeName'],
  [/^x(?= )/, 'typeName'],
  [OPERATIONS, 'variableName.function'],
  [KEYWORDS, 'keyword'],
  [/^[f]?0x[0-9a-fA-F]+/, 'number'],
  NUMBER,
  [/^[A-Za-z_][\w.]*/, null],
  OPERATOR,
  PUNCTUATION
]);

const REGISTER =
  /^(?:[xyz]mm\d+|k[0-7]|[re]?(?:ax|bx|cx|dx|si|di|sp|bp|ip)|[abcd][lh]|r\d+[dwb]?|[wxqdsvbh]\d{1,2}|sp|wzr|xzr|lr)(?![\w.])/;

export const assembly = languageOf([
  [/^[;#].*/, 'comment'],
  STRING,
  [/^[A-Za-z_.$][\w.$]*:/, 'labelName'],
  [REGISTER, 'variableName'],
  [/^(?:[xyz]mmword|[qd]?word|byte|tbyte|ptr|rep|repne|lock)(?!\w)/, 'keyword'],
  [/^[-#]?0x[0-9a-fA-F]+/, 'number'],
  NUMBER,
  [/^[a-z][\w.]*/, 'variableName.function'],
  OPERATOR,
  PUNCTUATION
]);
